// Charts and events in, a line of JSON each; out, the active leaves after each event, as XState's
// pure functions have them.
const { createMachine, initialTransition, raise, stateIn, transition } = require('xstate');
const lines = require('readline').createInterface({ input: process.stdin });

const leaves = (snapshot) =>
  snapshot._nodes.filter((n) => n.type === 'atomic' || n.type === 'final').map((n) => n.key).sort();

const guard = (said) =>
  said === undefined ? undefined : typeof said === 'boolean' ? () => said : stateIn('#' + said.at);

const move = (said) => ({
  target: said.target,
  reenter: said.reenter,
  guard: guard(said.guard),
  actions: said.raises ? [raise({ type: said.raises })] : [],
});

function made(said) {
  const each = (of, change) =>
    Object.fromEntries(Object.entries(of ?? {}).map(([key, value]) => [key, change(value)]));
  return { ...said, on: each(said.on, (moves) => moves.map(move)), states: each(said.states, made) };
}

lines.on('line', (line) => {
  const { config, events } = JSON.parse(line);
  const machine = createMachine(made(config));
  let [snapshot] = initialTransition(machine);
  const walked = [leaves(snapshot)];
  for (const type of events) {
    if (snapshot.status === 'active') [snapshot] = transition(machine, snapshot, { type });
    walked.push(leaves(snapshot));
  }
  console.log(JSON.stringify(walked));
});
