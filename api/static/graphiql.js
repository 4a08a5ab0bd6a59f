"use strict";

// The page asks for no key of its own: who reads puts theirs into Headers, where it is sent with
// each request and kept nowhere. The schema, which needs a key as well, is therefore asked for
// again after the first answer to a key.

const welcome = `# Suivi. Put your key into Headers, below:
#   { "Authorization": "Bearer suivi_…" }
# then press the play button.

{
  recommendations(first: 10) {
    totalCount
    nodes {
      symbol
      paragraph
      text
      position
      stage
    }
  }
}
`;

const ask = GraphiQL.createFetcher({
  url: new URL("graphql", location.href).href,
  enableIncrementalDelivery: false,
});
let introspection = null;
let schema;

async function fetcher(request, options) {
  const response = await ask(request, options);
  if (request.operationName === "IntrospectionQuery") {
    introspection = response.data ? null : request;
  } else if (introspection && response.data) {
    schema = (await ask(introspection, options)).data;
    introspection = null;
    show();
  }
  return response;
}

function show() {
  ReactDOM.render(
    React.createElement(GraphiQL, {
      fetcher,
      schema,
      defaultEditorToolsVisibility: "headers",
      defaultHeaders: '{ "Authorization": "Bearer " }',
      defaultQuery: welcome,
      shouldPersistHeaders: false,
    }),
    document.getElementById("graphiql"),
  );
}

show();
