"use strict";

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

const root = ReactDOM.createRoot(document.getElementById("graphiql"));
root.render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: new URL("graphql", location.href).href }),
    defaultEditorToolsVisibility: "headers",
    defaultHeaders: '{ "Authorization": "Bearer " }',
    defaultQuery: welcome,
    shouldPersistHeaders: false,
  }),
);
