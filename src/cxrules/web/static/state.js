// The state: one organisation, with known facts and skipped questions. Views listen to it.
import { announce, complain } from "./dom.js";

// `last` is the fact answered last: changes that take it back are listed last.
export const state = { name: "", facts: {}, skipped: [], last: "", pinned: null, advice: null, words: null, back: null };

const listeners = { changing: [], answered: [], asked: [], foreseen: [], adopted: [] };

// Events: `changing` (other facts; no answer yet), `answered` (the current answer), `asked` (the next question), `foreseen` (what would change it), `adopted`.
export function listen(event, listener) {
  listeners[event].push(listener);
}

function tell(event, detail) {
  for (const listener of listeners[event]) listener(detail);
}

let turn = 0;
let timer;

// After a change, the answer comes first and what needs a search later. Late responses to an earlier state are dropped.
export async function refresh(delay = 0) {
  const mine = ++turn;
  tell("changing");
  document.documentElement.dataset.settled = "no"; // at once, so that tests do not read the previous state
  clearTimeout(timer);
  if (delay) await new Promise((done) => (timer = setTimeout(done, delay)));
  if (mine !== turn) return;
  const request = { facts: state.facts, skipped: state.skipped };
  try {
    const advice = await state.back.call("recommend", { facts: state.facts });
    if (mine !== turn) return;
    state.advice = advice;
    complain(null);
    tell("answered", advice);
    const questions = await state.back.call("next-questions", request);
    if (mine !== turn) return;
    tell("asked", questions);
    const later = await state.back.call("changes", { facts: state.facts, last: state.last });
    if (mine !== turn) return;
    tell("foreseen", later);
    document.documentElement.dataset.settled = "yes";
    announce(advice.announcement, true);
  } catch (error) {
    if (mine === turn) complain(error);
  }
}

export function setFact(name, value, delay = 0) {
  if (value === undefined) delete state.facts[name];
  else state.facts[name] = value;
  state.last = value === undefined ? "" : name;
  state.skipped = state.skipped.filter((each) => each !== name);
  return refresh(delay);
}

export function skip(name) {
  delete state.facts[name];
  if (state.last === name) state.last = "";
  if (!state.skipped.includes(name)) state.skipped.push(name);
  return refresh();
}

export function adopt({ facts, skipped = [], name = "", last = "" }) {
  state.name = name;
  state.last = last;
  state.facts = { ...facts };
  state.skipped = [...skipped];
  tell("adopted");
  return refresh();
}
