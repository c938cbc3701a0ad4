// Sends requests to the server. Of one schedule's requests, only the newest counts.

const PATIENCE = 250; // milliseconds that an outdated request may still take while a newer one waits

/** Reads an answer of /api/curves: a JSON head, then float64 values, which are not copied from the buffer. */
function decode(buffer) {
  const length = new DataView(buffer).getInt32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  if (head.error) return head;
  let at = 4 + length;
  const column = () => {
    const values = new Float64Array(buffer, at, head.rows);
    at += values.byteLength;
    return values;
  };
  head.rates = Array.from({ length: head.groups }, column);
  head.momenta = head.momentum === null ? column() : null;
  return head;
}

async function post(path, question, signal) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(question),
    signal,
  });
  if (!response.ok) {
    const problem = await response.json().catch(() => null);
    throw new Error(problem?.error?.message ?? `the server answered ${response.status}`);
  }
  return response;
}

/** The requests about one schedule. While one is on its way, only the latest one after it waits. */
export class Questions {
  #asked = null;
  #next = null;

  ask(question, answered) {
    this.#next = { question, answered };
    if (!this.#asked) {
      this.#send();
    } else if (performance.now() - this.#asked.since > PATIENCE) {
      this.#asked.abort.abort();
    } else {
      const asked = this.#asked;
      setTimeout(() => {
        if (this.#asked === asked && this.#next) asked.abort.abort();
      }, PATIENCE);
    }
  }

  close() {
    this.#next = null;
    this.#asked?.abort.abort();
  }

  async #send() {
    const { question, answered } = this.#next;
    this.#next = null;
    const asked = { abort: new AbortController(), since: performance.now() };
    this.#asked = asked;
    try {
      const response = await post('api/curves', question, asked.abort.signal);
      const answer = decode(await response.arrayBuffer());
      if (!asked.abort.signal.aborted) answered(answer);
    } catch (problem) {
      if (!asked.abort.signal.aborted) {
        const lost = problem instanceof TypeError;
        answered({ error: { message: lost ? 'the server does not answer: is anneal serve still running?' : problem.message } });
      }
    } finally {
      this.#asked = null;
      if (this.#next) this.#send();
    }
  }
}

/** Returns the curves of one expression. */
export async function curves(question) {
  return decode(await (await post('api/curves', question)).arrayBuffer());
}

/** Returns a picture as a blob. */
export async function picture(question) {
  return (await post('api/picture', question)).blob();
}

/** Gives a run another title, or none. */
export async function retitle(run, title) {
  await post('api/runs/title', { run, title });
}

/** Starts a training and returns its command line and its run's name, or with `start` false only the line. */
export async function train(wanted) {
  return (await post('api/train', wanted)).json();
}

/** Has a training stop that the server started. */
export async function stopTraining(run) {
  await post('api/train/stop', { run });
}

export async function about() {
  return (await fetch('api/server')).json();
}

/** Shows the links to the pages that a server has. */
export function links(server) {
  for (const page of ['runs', 'find', 'sweep']) {
    for (const link of document.querySelectorAll(`[data-${page}]`)) link.hidden = !server[page];
  }
}
