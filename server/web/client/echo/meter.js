// Holds what comes back against what was sent: how long it took, and whether it is missing, came
// twice, was altered, or was overtaken by what was sent later.

export class Meter {
  #waiting = new Map(); // content → those sent with it that are not back yet: [{index, ms}]
  #back = new Set();    // contents that came back already
  #last = -1;           // the highest index that came back
  #latencies = [];
  sent = 0;
  received = 0;
  twice = 0;
  altered = 0;
  overtaken = 0;

  send(content, ms) {
    const same = this.#waiting.get(content) ?? [];
    same.push({ index: this.sent++, ms });
    this.#waiting.set(content, same);
  }

  /** What came back is: {verdict: '', 'twice', 'altered' or 'overtaken', latencyMs or undefined}. */
  receive(content, ms) {
    this.received++;
    const first = this.#waiting.get(content)?.shift();
    if (first === undefined) {
      const verdict = this.#back.has(content) ? 'twice' : 'altered';
      this[verdict]++;
      return { verdict };
    }
    if (this.#waiting.get(content).length === 0) this.#waiting.delete(content);
    this.#back.add(content);
    const latencyMs = ms - first.ms;
    this.#latencies.push(latencyMs);
    const isOvertaken = first.index < this.#last;
    this.#last = Math.max(this.#last, first.index);
    if (isOvertaken) this.overtaken++;
    return { verdict: isOvertaken ? 'overtaken' : '', latencyMs };
  }

  /** Sent, and not come back as it was. */
  get missing() {
    return this.sent - this.#latencies.length;
  }

  /** Undefined before anything came back. */
  get medianMs() {
    return this.#latencies.toSorted((a, b) => a - b)[Math.floor(this.#latencies.length / 2)];
  }

  get maxMs() {
    return this.#latencies.length === 0 ? undefined : Math.max(...this.#latencies);
  }
}
