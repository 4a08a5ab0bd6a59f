import { graphql } from "relay-runtime";

graphql`
  fragment app_part on RecommendationPart @refetchable(queryName: "appPartQuery") {
    number
    text
  }
`;

graphql`
  fragment app_assignment on Assignment @refetchable(queryName: "appAssignmentQuery") {
    status
    institution { name ...app_institution }
  }
`;

graphql`
  fragment app_institution on Institution
  @refetchable(queryName: "appInstitutionQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" }) {
    recommendations(first: $count, after: $cursor) @connection(key: "app_recommendations") {
      edges { node { symbol } }
    }
  }
`;

graphql`
  fragment app_list on Query
  @refetchable(queryName: "appListQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" }) {
    recommendations(first: $count, after: $cursor) @connection(key: "list_recommendations") {
      edges { node { id parts { ...app_part } assignments { ...app_assignment } received { on } } }
    }
  }
`;

graphql`
  mutation appAcceptMutation($input: AssignmentInput!) {
    acceptAssignment(input: $input) { recommendation { assignments { ...app_assignment } } errors { code } }
  }
`;
