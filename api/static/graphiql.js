"use strict";

// Who reads puts a key into Headers, from where it goes with each request and is kept nowhere. The
// schema needs a key as well: with null GraphiQL asks for none, and after the first answer to a key
// undefined makes it ask.

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
let schema = null;

async function fetcher(request, options) {
  const response = await ask(request, options);
  if (schema === null && response.data) {
    schema = undefined;
    setTimeout(show);
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
