// What graphql-eslint asks of api/schema.graphql (tests/test_linted.py).
import { readFileSync } from "node:fs";
import graphql from "@graphql-eslint/eslint-plugin";
import { buildSchema, isObjectType } from "graphql";

const schema = buildSchema(readFileSync("schema.graphql", "utf8"));

// Entries, pages, payloads and values are no objects of their own, and have no id.
const values = Object.values(schema.getTypeMap())
  .filter((type) => isObjectType(type) && !("id" in type.getFields()))
  .map((type) => type.name);

// Entries, tasks, timers and results of many cases are listed and are no nodes: they have no id.
const rules = {
  "strict-id-in-types": { acceptedIdNames: ["id"], exceptions: { types: values } },
  "relay-arguments": { includeBoth: false },
  "relay-connection-types": {},
  "relay-edge-types": { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false },
  "relay-page-info": {},
  "require-description": {
    types: true,
    FieldDefinition: true,
    EnumValueDefinition: true,
    InputValueDefinition: true,
  },
  "require-nullable-result-in-root": {},
  "require-nullable-fields-with-oneof": {},
  "unique-enum-value-names": {},
};
const named = (rule) => `@graphql-eslint/${rule}`;

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: "schema.graphql" } },
    },
    plugins: { "@graphql-eslint": graphql },
    rules: Object.fromEntries(
      Object.entries(rules).map(([rule, options]) => [
        named(rule),
        Object.keys(options).length ? ["error", options] : "error",
      ]),
    ),
  },
];
