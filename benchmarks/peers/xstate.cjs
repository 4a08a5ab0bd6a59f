// XState beside our kernel. In: a line of JSON with all charts and walks, then a line for each thing
// asked. Out: where a chart stands after each event of its walk, or how many steps were taken in how
// many seconds, and where they ended.
const { and, createMachine, initialTransition, not, or, stateIn, transition } = require('xstate');
const lines = require('readline').createInterface({ input: process.stdin });

const WALKS_AT_ONCE = 20;

// What is known before the first event.
const NOTHING = {};

const compare = { '==': (a, b) => a === b, '!=': (a, b) => a !== b };

// What reads facts only is one plain function, which is how it is fastest.
function plain(said) {
  switch (said.type) {
    case 'Flag': return (facts) => facts[said.fact] === true;
    case 'Compare': return (facts) => compare[said.by](facts[said.fact], said.value);
    case 'Constant': return () => said.value;
    case 'Not': { const part = plain(said.part); return (facts) => !part(facts); }
    case 'And': { const parts = said.parts.map(plain); return (facts) => parts.every((p) => p(facts)); }
    case 'Or': { const parts = said.parts.map(plain); return (facts) => parts.some((p) => p(facts)); }
  }
  throw new Error(`no guard: ${said.type}`);
}

const asksForStates = (said) =>
  said.type === 'At' || [said.part, ...(said.parts ?? [])].some((part) => part && asksForStates(part));

function guard(said, when) {
  if (!asksForStates(said)) {
    const holds = plain(said);
    return ({ event }) => holds(event[when] ?? NOTHING);
  }
  switch (said.type) {
    case 'At': return stateIn('#' + said.state);
    case 'Not': return not(guard(said.part, when));
    case 'Or': return or(said.parts.map((part) => guard(part, when)));
  }
  const states = said.parts.filter(asksForStates).map((part) => guard(part, when));
  const rest = said.parts.filter((part) => !asksForStates(part));
  if (rest.length) states.push(guard({ type: 'And', parts: rest }, when));
  return states.length === 1 ? states[0] : and(states);
}

function made(said) {
  const state = { id: said.id, on: {}, always: [] };
  if (said.kind === 'parallel' || said.kind === 'final') state.type = said.kind;
  if (said.kind === 'compound') state.initial = said.initial;
  state.states = Object.fromEntries(said.states.map((child) => [child.id, made(child)]));
  for (const move of said.moves) {
    const transition = { target: move.to === null ? undefined : '#' + move.to, reenter: !move.internal };
    if (move.guard) transition.guard = guard(move.guard, move.on === null ? 'after' : 'before');
    if (move.on === null) state.always.push(transition);
    else (state.on[move.on] ??= []).push(transition);
  }
  return state;
}

const leaves = (snapshot) =>
  snapshot._nodes.filter((n) => n.type === 'atomic' || n.type === 'final').map((n) => n.id).sort();

let charts;

function walked({ machine, events }) {
  let [snapshot] = initialTransition(machine);
  return events.map((event) => {
    [snapshot] = transition(machine, snapshot, event);
    return leaves(snapshot);
  });
}

function timed({ machine, events }, seconds) {
  let [snapshot] = initialTransition(machine);
  let steps = 0;
  const start = performance.now();
  const until = start + seconds * 1000;
  while (performance.now() < until) {
    for (let n = 0; n < WALKS_AT_ONCE; n++) {
      for (const event of events) [snapshot] = transition(machine, snapshot, event);
    }
    steps += WALKS_AT_ONCE * events.length;
  }
  return { steps, seconds: (performance.now() - start) / 1000, active: leaves(snapshot) };
}

lines.on('line', (line) => {
  const said = JSON.parse(line);
  if (!charts) {
    charts = said.map(({ root, walk }) => ({
      machine: createMachine(made(root)),
      events: walk.map(({ name, before, after }) => ({ type: name, before, after })),
    }));
    return;
  }
  const chart = charts[said.chart];
  console.log(JSON.stringify(said.seconds ? timed(chart, said.seconds) : walked(chart)));
});
