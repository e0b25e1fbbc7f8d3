// Longwire in a browser, or in Node 18 and newer: messages both ways, exactly once and in order, over any HTTP.
//
//     import { connect } from "/longwire/longwire.js";
//
//     const session = await connect("/longwire/echo");
//     await session.send("hello");
//     for await (const message of session) console.log(message);
//
// One module without dependencies; its types are in longwire.d.ts beside it. The frames and rules are those of the
// protocol's own page (Docs/protocol.md); where a comment names a rule, it is one of that page.
//
// A session is carried by one path at a time, and changes it without losing anything: `stream` (a GET whose response
// never ends brings messages down, POSTs carry them up) or, where a response does not pass as it is written, `poll`.
// To add a transport, write a class like StreamPath and name it in `transports`.

/** What a browser sends and takes as frames. */
const mediaType = "application/vnd.longwire";
const Type = {
  open: 1, opened: 2, message: 3, fragment: 4, ack: 5, ping: 6, pong: 7, close: 9, text: 10, going: 11, abort: 12,
};
/** What OPEN calls the transports. */
const Kind = { stream: 2, uplink: 3, poll: 4 };
const Code = {
  done: 0, goingAway: 1, protocolError: 2, version: 3, noSuchSession: 6, tooLarge: 7, overloaded: 8, expired: 9,
};

/** The most that one frame carries, and what it costs of the credit besides. */
const payloadLimit = 16 * 1024;
const overhead = 64;
const bundleBytes = 64 * 1024;
const ackDelay = 20;
const ackDistance = 25 * ackDelay;
/** With less than this of either side an acknowledgement that is late holds somebody up (rule 9). */
const roomyBytes = 48 * 1024;
const timeToOpen = 10_000;
const linger = 10_000;
const closeWait = 600_000;
/** How long the first transport may take until the next is tried beside it. */
const patience = 1_000;
/** Requests with our messages under way at once. */
const uplinkLimit = 2;
const pollLimit = 2;
const unansweredLimit = 5;
/** A path that dies this young, with nothing moved, counts against its transport. */
const shortLife = 20_000;
const promotionInterval = 60_000;
/** Among the options of a session: somebody will iterate, so what comes is kept from the start. */
const isRead = Symbol("isRead");
/** How many sessions of a series may wait for who reads it before no next one is opened. */
const unreadLimit = 16;

const empty = new Uint8Array(0);
const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const clock = () => performance.now();
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
// Debian's Node 18 has it only as a module.
const cryptography = globalThis.crypto ?? (await import("node:crypto")).webcrypto;
const random = (count) => cryptography.getRandomValues(new Uint8Array(count));
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const isEqual = (a, b) => a.length === b.length && a.every((byte, index) => byte === b[index]);

// MARK: Frames

/** What came is not frames: the transaction that brought it is cut (rule 13). */
class Unreadable extends Error {}

/** The other side broke a rule: the session ends. */
class Violation extends Error {
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

function concat(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An integer of one to eight bytes (RFC 9000 section 16). */
function varint(number) {
  if (number < 0x40) return [number];
  if (number < 0x4000) return [0x40 | (number >> 8), number & 255];
  const bytes = [];
  for (let rest = number; bytes.length < (number < 0x40000000 ? 4 : 8); rest = Math.floor(rest / 256)) {
    bytes.unshift(rest % 256);
  }
  bytes[0] |= bytes.length === 4 ? 0x80 : 0xc0;
  return bytes;
}

/** A frame whose value is made of numbers, texts and bytes. */
function frame(type, ...values) {
  const value = concat(
    values.map((part) => {
      if (typeof part === "number") return varint(part);
      return typeof part === "string" ? utf8.encode(part) : part;
    }),
  );
  return concat([[type, ...varint(value.length)], value]);
}

/** A reason, cut between characters to what a frame may carry. */
function shortened(reason) {
  let characters = Array.from(String(reason));
  while (utf8.encode(characters.join("")).length > 256) characters = characters.slice(0, -1);
  return characters.join("");
}

/** Reads the value of a frame. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  /** The next integer; what is beyond the exact ones of JavaScript becomes the greatest of these. */
  number() {
    if (this.at >= this.bytes.length) throw new Unreadable("a frame ends too early");
    const size = 1 << (this.bytes[this.at] >> 6);
    const bytes = this.take(size);
    let value = bytes[0] & 0x3f;
    for (let index = 1; index < size; index += 1) value = value * 256 + bytes[index];
    return Math.min(value, Number.MAX_SAFE_INTEGER);
  }
  take(count) {
    if (this.at + count > this.bytes.length) throw new Unreadable("a frame ends too early");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
  rest() {
    return this.take(this.bytes.length - this.at);
  }
  text() {
    try {
      return strict.decode(this.rest());
    } catch {
      throw new Unreadable("a reason is not UTF-8");
    }
  }
}

/** Cuts bytes into frames, as they come. */
class Decoder {
  left = empty;

  *push(bytes) {
    let data = this.left.length > 0 ? concat([this.left, bytes]) : bytes;
    this.left = empty;
    for (;;) {
      const sizes = this.header(data);
      if (!sizes || data.length < sizes.start + sizes.length) break;
      yield { type: data[0], value: new Reader(data.subarray(sizes.start, sizes.start + sizes.length)) };
      data = data.subarray(sizes.start + sizes.length);
    }
    this.left = data.slice();
  }

  header(data) {
    // Types of more than one byte are unknown ones: they are dropped like those of one byte that are.
    const typeSize = data.length > 0 ? 1 << (data[0] >> 6) : 1;
    if (data.length <= typeSize) return null;
    const size = 1 << (data[typeSize] >> 6);
    if (data.length < typeSize + size) return null;
    const length = new Reader(data.subarray(typeSize, typeSize + size)).number();
    if (length > payloadLimit + 64) throw new Unreadable(`a frame of ${length} bytes`);
    return { start: typeSize + size, length };
  }
}

// MARK: The two directions

/** What we send, from its numbering until the other side has it (rules 1 and 4). */
class Outbox {
  /** The frames that are not covered, the oldest first. */
  frames = [];
  next = 1;
  covered = 0;
  highestSent = 0;
  /** The other side's credit, and what all frames so far cost of it. */
  limit = 0;
  cost = 0;
  costCovered = 0;
  /** It and all after it have not gone on the path that is used. */
  cursor = 1;
  /** Of those before, the ones that go again. */
  again = [];
  pending = null;
  closing = null;
  closeNumber = 0;

  constructor(capacity) {
    this.capacity = capacity;
  }

  get retained() {
    return this.cost - this.costCovered;
  }
  get hasRoom() {
    return !this.pending && !this.closing && this.retained < this.capacity;
  }
  get isCloseSent() {
    return this.closeNumber > 0 && this.closeNumber <= this.highestSent;
  }
  get isCloseCovered() {
    return this.closeNumber > 0 && this.closeNumber <= this.covered;
  }
  get hasSendable() {
    return this.again.length > 0 || (this.cursor < this.next && this.isWithinCredit(this.at(this.cursor)));
  }

  at(number) {
    return this.frames[number - this.covered - 1];
  }
  isWithinCredit(frame) {
    return frame.cost === 0 || frame.end <= this.limit;
  }

  /** Takes a message; only while there is room. */
  offer(message) {
    const isText = typeof message === "string";
    this.pending = { type: isText ? Type.text : Type.message, bytes: isText ? utf8.encode(message) : message, at: 0 };
    this.fill();
  }

  close(code, reason) {
    this.closing ??= { code, reason: shortened(reason) };
    this.fill();
  }

  /** Gives numbers to what waits for room. */
  fill() {
    while (this.pending && this.retained < this.capacity) {
      const { type, bytes, at } = this.pending;
      const part = bytes.subarray(at, at + payloadLimit);
      const isLast = at + part.length === bytes.length;
      this.pending = isLast ? null : { type, bytes, at: at + part.length };
      this.append(isLast ? type : Type.fragment, part.length + overhead, part);
    }
    if (!this.pending && this.closing && this.closeNumber === 0) {
      this.closeNumber = this.next;
      this.append(Type.close, 0, this.closing.code, this.closing.reason);
    }
  }

  append(type, cost, ...values) {
    this.cost += cost;
    this.frames.push({ number: this.next, bytes: frame(type, this.next, ...values), cost, end: this.cost });
    this.next += 1;
  }

  /** The next frame for the wire, if one may go. */
  take() {
    while (this.again.length > 0) {
      const number = this.again.shift();
      if (number > this.covered) return this.at(number);
    }
    if (this.cursor >= this.next) return null;
    const frame = this.at(this.cursor);
    if (!this.isWithinCredit(frame)) return null;
    this.highestSent = Math.max(this.highestSent, this.cursor);
    this.cursor += 1;
    return frame;
  }

  acknowledged(number, limit) {
    if (number > this.highestSent) {
      throw new Violation(Code.protocolError, `frame ${number} is acknowledged and was never sent`);
    }
    this.limit = Math.max(this.limit, limit);
    if (number <= this.covered) return false;
    this.costCovered = this.at(number).end;
    this.frames.splice(0, number - this.covered);
    this.covered = number;
    this.cursor = Math.max(this.cursor, number + 1);
    this.again = this.again.filter((other) => other > number);
    this.fill();
    return true;
  }

  /** Another path is used: everything that is not covered goes again, in order. */
  rewind() {
    this.cursor = this.covered + 1;
    this.again = [];
  }

  repeat(numbers) {
    const again = new Set([...this.again, ...numbers.filter((n) => n > this.covered && n < this.cursor)]);
    this.again = [...again].sort((a, b) => a - b);
  }
}

/** What the other side sends: once, in order, within the credit (rules 2 and 3). */
class Inbox {
  received = 0;
  used = 0;
  returned = 0;
  kept = new Map();
  keptCost = 0;
  ready = [];
  /** The fragments of the message that is being put together. */
  parts = [];
  size = 0;
  close = null;
  isDiscarding = false;

  constructor(window, messageLimit) {
    this.window = window;
    this.messageLimit = messageLimit;
  }

  get limit() {
    return this.window + this.returned;
  }

  /** Takes a frame; says whether anything new arrived in order. */
  receive(frame) {
    if (frame.number <= this.received) return false;
    if (this.close) throw new Violation(Code.protocolError, "a frame after CLOSE");
    if (frame.number > this.received + 1) {
      this.keep(frame);
      return false;
    }
    for (let next = frame; next; next = this.kept.get(this.received + 1)) {
      if (this.kept.delete(next.number)) this.keptCost -= next.cost;
      if (this.close) throw new Violation(Code.protocolError, "a frame after CLOSE");
      this.accept(next);
    }
    return true;
  }

  /** Whether a frame that comes before what is missing is within the credit (rule 3). */
  mayKeep(frame) {
    const highest = Math.max(frame.number, ...this.kept.keys());
    const missing = highest - this.received - this.kept.size - 1;
    return this.used + this.keptCost + frame.cost + overhead * missing <= this.limit;
  }

  keep(frame) {
    if (this.kept.has(frame.number)) return;
    if (!this.mayKeep(frame)) throw this.beyondCredit();
    this.kept.set(frame.number, { ...frame, payload: frame.payload.slice() });
    this.keptCost += frame.cost;
  }

  beyondCredit() {
    return new Violation(Code.protocolError, "a frame beyond the credit granted");
  }

  accept(frame) {
    if (this.used + frame.cost > this.limit) throw this.beyondCredit();
    this.used += frame.cost;
    this.received = frame.number;
    if (frame.type === Type.close) {
      while (this.ready.at(-1)?.type === Type.fragment) this.returned += this.ready.pop().cost;
      if (this.ready.length === 0) this.parts = [];
      this.close = { code: frame.code, reason: frame.reason };
    } else if (this.isDiscarding) {
      this.returned += frame.cost;
    } else if (frame.type === Type.fragment && this.ready.length === 0) {
      this.join(frame);
    } else {
      this.ready.push({ ...frame, payload: frame.payload.slice() });
    }
  }

  /** Adds a fragment to the message being put together; its credit comes back. */
  join(frame) {
    if (this.parts.length === 0) this.size = 0;
    this.size += frame.payload.length;
    this.returned += frame.cost;
    if (this.size > this.messageLimit) {
      throw new Violation(Code.tooLarge, `a message is larger than the limit of ${this.messageLimit} bytes`);
    }
    this.parts.push(frame.payload.slice());
  }

  /** The next whole message; undefined where there is none. */
  take() {
    for (;;) {
      const frame = this.ready.shift();
      if (!frame) return undefined;
      this.join(frame);
      if (frame.type === Type.fragment) continue;
      const whole = concat(this.parts);
      this.parts = [];
      // Fragments of the next message may have become the oldest: they join now, and free their credit.
      while (this.ready[0]?.type === Type.fragment) this.join(this.ready.shift());
      if (frame.type === Type.message) return whole;
      try {
        return strict.decode(whole);
      } catch {
        throw new Violation(Code.protocolError, "a text message is not UTF-8");
      }
    }
  }

  /** From now on nobody takes what arrives. */
  discard() {
    this.isDiscarding = true;
    for (const frame of this.ready.splice(0)) this.returned += frame.cost;
    this.parts = [];
  }
}

// MARK: Paths

/** Why a path was lost, in words for people. */
class PathError extends Error {
  /** Whether another transport would fare no better. */
  isFinal = false;
  /** Whether the same attempt may succeed a little later, as where a server is being replaced. */
  mayPass = true;
}

const isPassing = (code) => code === Code.goingAway || code === Code.overloaded;

/** Looks at a response's head, and says what is wrong when it is not frames. */
async function expectFrames(response) {
  const type = (response.headers.get("Content-Type") ?? "").split(";")[0].trim().toLowerCase();
  if (response.status === 200 && (type === mediaType || type === "application/octet-stream")) return;
  let why = `the server answered with status ${response.status}`;
  if (response.status === 200) why = `this is not a Longwire servlet: it answered with ${type || "no content type"}`;
  if (type === "application/problem+json") {
    why += `: ${(await response.json().catch(() => ({}))).detail ?? ""}`;
  } else {
    response.body?.cancel().catch(() => {});
  }
  const error = new PathError(why);
  error.isFinal = [401, 403, 404, 407, 429, 500, 502, 503, 504].includes(response.status);
  error.mayPass = [200, 429, 502, 503, 504].includes(response.status);
  throw error;
}

/** One path of a session, with what both transports share: requests with finite bodies, and their fate. */
class Path {
  phase = "dialing";
  confirmed = false;
  /** It was begun while no path was used, perhaps beside others, of which the first to open is used. */
  isRival = false;
  hasNamedInstance = false;
  hasBegun = false;
  isOver = false;
  owesAck = false;
  owedPong = null;
  coveredAtUse = 0;
  numbersAtUse = "";
  greatestAge = 0;
  greatestSize = 0;
  rotateAt = Infinity;
  bytesRead = 0;
  /** The requests of which an end is to be expected, or that carried what is not covered, by their numbers. */
  flights = new Map();
  requests = 0;
  failures = 0;
  attempts = 0;
  retryAt = 0;
  stop = new AbortController();

  constructor(core, number) {
    this.core = core;
    this.number = number;
    this.startedAt = this.heardAt = this.sentAt = this.usedAt = clock();
  }

  get underWay() {
    let count = 0;
    for (const flight of this.flights.values()) if (!flight.isAnswered) count += 1;
    return count;
  }
  get isSomethingDue() {
    return this.owesAck || this.owedPong !== null || this.core.ack.dueAt <= clock();
  }

  request(method, signal, extra, suffix = "") {
    const { url, id, options } = this.core;
    const target = new URL(url);
    target.searchParams.append("session", hex(id));
    target.searchParams.append("path", `${this.number}${suffix}`);
    return fetch(target, {
      method,
      signal,
      cache: "no-store",
      redirect: "error",
      credentials: options.credentials ?? "same-origin",
      ...extra,
      headers: { ...options.headers, Accept: mediaType, ...extra.headers },
    });
  }

  /** Sends one request with OPEN, what is due, and up to a bundle of numbered frames. */
  async post(now, lastWords = null) {
    const { core } = this;
    const parts = [core.openFrame(this, this.postKind)];
    const numbers = [];
    this.hasBegun = true;
    const hasAckWaited = core.ack.hasWaited;
    if (lastWords) {
      parts.push(lastWords);
    } else {
      this.owesAck = false;
      core.ackSent();
      if (this.owedPong) parts.push(frame(Type.pong, this.owedPong));
      this.owedPong = null;
      let size = 0;
      for (let next; this.phase === "used" && size < bundleBytes && (next = core.outbox.take()); ) {
        parts.push(next.bytes);
        numbers.push(next.number);
        size += next.bytes.length;
      }
    }
    if (numbers.length > 0) core.sample ??= { number: numbers.at(-1), at: now };
    else if (hasAckWaited && this.name === "stream" && core.isRoomy) core.ackAloneAt = now;
    this.sentAt = now;
    this.requests += 1;
    const flight = {
      at: now, numbers, isAnswered: false, stop: new AbortController(), number: this.requests, attempts: this.attempts,
    };
    const body = concat(parts);
    if (!lastWords) this.flights.set(flight.number, flight);
    try {
      const response = await this.request(
        "POST",
        flight.stop.signal,
        // What is sent while a page goes away must outlive it; browsers allow that for 64 KiB.
        { body, headers: { "Content-Type": mediaType }, keepalive: core.isLeaving && body.length < 60_000 },
        `.${flight.number}`,
      );
      await expectFrames(response);
      const answer = new Uint8Array(await response.arrayBuffer());
      if (this.isOver) return;
      if (answer.length === 0) throw new PathError("the server answered with nothing");
      core.turn(() => this.answered(flight, answer));
    } catch (error) {
      if (!this.isOver) core.turn(() => this.failed(flight, error));
    }
  }

  answered(flight, answer) {
    const { core } = this;
    const decoder = new Decoder();
    try {
      for (const { type, value } of decoder.push(answer)) core.received(this, type, value);
      if (decoder.left.length > 0) throw new Unreadable("an answer ends inside a frame");
    } catch (error) {
      core.unreadable(this, error);
      return this.failed(flight, error);
    }
    this.failures = this.retryAt = 0;
    this.resetAttempts();
    if (flight.numbers.length > 0 && flight.numbers.at(-1) > core.outbox.covered) flight.isAnswered = true;
    else this.flights.delete(flight.number);
    this.reviewGap();
  }

  /** A request has come to its end: on `stream`, what is missing on the downlink may be in another's answer only. */
  reviewGap() {}

  /** Its frames go again in others; after enough failures in a row the path is given up (rule 13). */
  failed(flight, error) {
    if (!this.flights.delete(flight.number)) return;
    this.failures += 1;
    this.retryAt = clock() + 50 * 2 ** Math.min(this.failures - 1, 6);
    this.core.goesAgain(flight.numbers);
    this.core.ackSoon();
    if (this.failures >= unansweredLimit) return this.core.lost(this, error);
    this.reviewGap();
  }

  /** Also for those that are under way: they count once again from now on. */
  resetAttempts() {
    this.attempts = 0;
    for (const flight of this.flights.values()) flight.attempts = 0;
  }

  covered(number) {
    this.resetAttempts();
    for (const flight of this.flights.values()) {
      if (flight.isAnswered && flight.numbers.at(-1) <= number) this.flights.delete(flight.number);
    }
  }

  /** When what a request carried goes again in others (rule 4b). */
  repeatAt(flight) {
    const base = Math.min(Math.max(1_000, 2 * (this.core.roundTrip ?? 0)), 16_000);
    const hold = flight.numbers.length === 0 ? this.holdAllowed : 0;
    // Who was sent before others took too long need not wait for longer because of these.
    return flight.at + Math.min(base * 2 ** Math.min(this.attempts, flight.attempts, 6), 16_000) + hold;
  }

  overdue(flights) {
    for (const flight of flights) {
      this.flights.delete(flight.number);
      this.core.goesAgain(flight.numbers);
      // Not heard of for so long, its connection is of no use to others either.
      if (!flight.isAnswered) flight.stop.abort();
    }
    // Those of before come to their time one after the other: the line failed once, not so many times.
    if (flights.some((flight) => flight.attempts >= this.attempts)) this.attempts += 1;
    this.core.ackSoon();
    if (this.attempts >= unansweredLimit) return this.core.lost(this, new PathError("requests are not answered"));
    this.reviewGap();
  }

  /** Ends what is under way; what was sent goes out. */
  close() {
    this.isOver = true;
    this.stop.abort();
  }
}

/** A GET whose response streams frames down; POSTs carry ours up. */
class StreamPath extends Path {
  name = "stream";
  postKind = Kind.uplink;
  holdAllowed = 0;
  /** Where frames are missing, behind what was received, and the last POST that may bring them in its answer. */
  gap = null;

  async start() {
    const { core } = this;
    const decoder = new Decoder();
    try {
      const open = base64url(core.openFrame(this, Kind.stream));
      const response = await this.request("GET", this.stop.signal, { headers: { "Longwire-Open": open } });
      await expectFrames(response);
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (this.isOver) return;
        if (done) break;
        core.turn(() => this.bytes(decoder, value));
      }
      core.turn(() => core.responseEnded(this));
    } catch (error) {
      if (!this.isOver) core.turn(() => core.lost(this, error));
    }
  }

  bytes(decoder, bytes) {
    this.heardAt = clock();
    this.bytesRead += bytes.length;
    try {
      for (const { type, value } of decoder.push(bytes)) {
        if (this.isOver) return;
        this.core.received(this, type, value);
      }
    } catch (error) {
      if (this.core.unreadable(this, error)) this.core.lost(this, error);
    }
  }

  /** Whether frames that are missing on the downlink may come in the answer to a POST (rule 3). */
  awaitsGap() {
    const { received } = this.core.inbox;
    if (this.gap?.received !== received) this.gap = { received, last: this.requests };
    return [...this.flights.values()].some((flight) => !flight.isAnswered && flight.number <= this.gap.last);
  }

  reviewGap() {
    if (this.gap === null || this.isOver) return;
    const { inbox } = this.core;
    if (inbox.kept.size === 0 || this.gap.received !== inbox.received) this.gap = null;
    else if (!this.awaitsGap()) this.core.lost(this, new PathError("something was lost on the way down"));
  }

  /** Whether a POST is due now (rule 9). */
  isDue(now) {
    const { outbox } = this.core;
    if (this.retryAt > now || this.phase !== "used" || this.underWay >= uplinkLimit) return false;
    if (this.isSomethingDue) return true;
    // While a request is under way, what comes meanwhile makes a bundle.
    return outbox.hasSendable && (this.underWay === 0 || outbox.retained >= bundleBytes || outbox.closing !== null);
  }

  /** The uplink's heartbeat is four times as long: it is a request of its own (rule 10). */
  get nextRequestAt() {
    return this.sentAt + 4 * this.core.heartbeat;
  }
}

/** Requests with finite bodies both ways. */
class PollPath extends Path {
  name = "poll";
  postKind = Kind.poll;
  /** When the next request goes, where the server is asked not to hold any. */
  nextRequestAt = 0;
  interval = 50;

  /** Without a slot no request may keep a connection: other pages of this host need them. */
  get isBrief() {
    return this.core.slot !== null && !this.core.slot.isHeld;
  }
  get holdAllowed() {
    return this.confirmed && !this.isBrief ? this.core.heartbeat : 0;
  }

  start() {}

  answered(flight, answer) {
    const before = this.core.numbers;
    this.heardAt = clock();
    this.bytesRead += answer.length;
    super.answered(flight, answer);
    this.interval = before === this.core.numbers ? Math.min(this.interval * 1.5, this.core.pollInterval) : 50;
    this.nextRequestAt = this.isBrief && this.confirmed ? clock() + this.interval : 0;
  }

  isDue(now) {
    if (this.retryAt > now) return false;
    if (this.underWay === 0 && this.nextRequestAt <= now) return true;
    return this.phase === "used" && this.underWay < pollLimit && (this.isSomethingDue || this.core.outbox.hasSendable);
  }
}

/** The transports by their names, the best first. */
const transports = { stream: StreamPath, poll: PollPath };

// MARK: Tabs

/**
 * The right to keep a connection of a host for long.
 *
 * Over HTTP/1.1 browsers open six connections a host, for all tabs together. Three sessions keep one each; the others
 * poll in brief requests until a slot is free. Tabs settle that among themselves: who wants a slot asks, who has one
 * answers, and of too many the younger give way. It takes no more than a BroadcastChannel, which plain HTTP has too.
 */
class Slot {
  static limit = 3;
  isHeld = false;
  isClaiming = false;
  isOver = false;
  answers = new Set();
  key = `${Date.now().toString(36).padStart(9, "0")}-${hex(random(8))}`;

  /** A contender for a slot of a host; null where nothing is to be shared. */
  static of(url, changed) {
    if (!globalThis.location || !globalThis.BroadcastChannel) return null;
    const page = performance.getEntriesByType?.("navigation")[0]?.nextHopProtocol ?? "";
    if (url.origin === location.origin && /^h[23]/.test(page)) return null;
    return new Slot(url, changed);
  }

  constructor(url, changed) {
    this.channel = new BroadcastChannel(`longwire ${url.host}`);
    this.changed = changed;
    this.channel.onmessage = ({ data }) => {
      if (data.ask && this.isHeld) this.channel.postMessage({ have: this.key });
      if (data.have) this.answers.add(data.have);
      if (data.free && !this.isHeld) setTimeout(() => this.claim(), Math.random() * 200);
    };
    // A tab that was killed says nothing: it is noticed by asking again.
    this.timer = setInterval(() => (this.isHeld ? this.verify() : this.claim()), 20_000 + Math.random() * 10_000);
  }

  /** Who has a slot now, of those who answer in time. */
  async others(patience = 40) {
    this.answers.clear();
    if (!this.isOver) this.channel.postMessage({ ask: true });
    await pause(patience);
    return [...this.answers];
  }

  async claim() {
    if (this.isHeld || this.isClaiming) return;
    this.isClaiming = true;
    if ((await this.others()).length < Slot.limit && !this.isOver) {
      this.isHeld = true;
      // Others may have taken it in the same moment.
      const elder = (await this.others()).filter((key) => key < this.key);
      if (elder.length >= Slot.limit) this.isHeld = false;
    }
    this.isClaiming = false;
    if (!this.isHeld || this.isOver) return;
    setTimeout(() => this.verify(), 1_000);
    this.changed();
  }

  /** A busy tab answers late: who took one too many gives it back. */
  async verify() {
    const elder = (await this.others(400)).filter((key) => key < this.key);
    if (this.isOver || !this.isHeld || elder.length < Slot.limit) return;
    this.isHeld = false;
    this.changed();
  }

  release() {
    if (this.isOver) return;
    this.isOver = true;
    clearInterval(this.timer);
    if (this.isHeld) this.channel.postMessage({ free: true });
    this.isHeld = false;
    this.channel.close();
  }
}

// MARK: The session

/** How a session ended, as an error: what `send` and the iteration throw. */
export class SessionEnded extends Error {
  constructor(ending) {
    super(`the session ended: ${ending.kind}, code ${ending.code}${ending.reason ? `, ${ending.reason}` : ""}`);
    this.name = "SessionEnded";
    this.ending = ending;
  }
}

/** No message follows a CLOSE that was asked for. */
class SessionClosing extends Error {
  constructor(what) {
    super(`the ${what} is closing: no message follows`);
  }
}

/** A message as it is now, whatever its sender does with it later. */
function copied(message) {
  if (typeof message === "string") return message;
  if (message instanceof ArrayBuffer) message = new Uint8Array(message);
  if (!ArrayBuffer.isView(message)) throw new TypeError("a message is a string, or bytes");
  return new Uint8Array(message.buffer, message.byteOffset, message.byteLength).slice();
}

/** The rules of a session, at its client; all that applications do not see. */
class Core {
  id = random(16);
  token = random(32);
  /** The mark of the server's session, once it is known. */
  instance = null;
  heartbeat = 15_000;
  resumeTime = 60_000;
  paths = [];
  using = 0;
  highestPath = 0;
  slot = null;
  isLeaving = false;
  /** Whether the server has advised to come to an end. */
  isGoing = false;
  isOpen = false;
  hasTriedStream = false;
  ending = null;
  /** A round of attempts: the transports still to be tried, and what failed first. */
  round = [];
  firstError = null;
  failedRounds = 0;
  lastName = null;
  /** Whether the used path asked for a prelude: bytes that push the start of a response through. */
  asksPrelude = false;
  strikes = 0;
  streamAgainAt = 0;
  promotionWait = promotionInterval;
  suspendedAt = null;
  roundTrip = null;
  sample = null;
  unreadableInputs = 0;
  senders = [];
  readers = [];
  closeAsked = null;
  closeCoveredAt = null;
  movedAt = clock();
  attachedAt = clock();
  isScheduled = false;
  timers = {};

  constructor(url, options, tell) {
    this.url = url;
    this.options = options;
    this.tell = tell;
    this.outbox = new Outbox(options.sendBuffer ?? 256 * 1024);
    this.inbox = new Inbox(options.receiveWindow ?? 256 * 1024, options.messageLimit ?? 1024 * 1024);
    this.pollInterval = options.pollInterval ?? 1_000;
    this.isIterated = options[isRead] ?? false;
    this.ack = { dueAt: Infinity, hasWaited: false, bytes: 0, frames: 0, limitSaid: this.inbox.limit };
    this.ackAloneAt = -Infinity;
    this.isRoomy = Math.min(options.sendBuffer ?? Infinity, options.receiveWindow ?? Infinity) >= roomyBytes;
    this.opened = new Promise((resolve, reject) => {
      this.resolveOpened = resolve;
      this.rejectOpened = reject;
    });
    this.ended = new Promise((resolve) => (this.resolveEnded = resolve));
  }

  get used() {
    return this.paths.find((path) => path.phase === "used");
  }
  get hasHistory() {
    return this.outbox.highestSent > 0 || this.inbox.received > 0;
  }
  /** Changes with everything that moved, either way. */
  get numbers() {
    return `${this.inbox.received} ${this.outbox.covered}`;
  }

  // MARK: Attempts

  async start() {
    if (this.names.includes("stream")) {
      this.slot = Slot.of(this.url, () => this.turn(() => this.slotChanged()));
      await this.slot?.claim();
    }
    this.wake = () => this.turn(() => this.suspendedAt !== null && this.beginRound());
    this.leave = () => this.goAway();
    globalThis.addEventListener?.("online", this.wake);
    globalThis.addEventListener?.("pagehide", this.leave);
    this.turn(() => this.beginRound());
  }

  get names() {
    const wanted = this.options.transports ?? Object.keys(transports);
    const canStream = typeof ReadableStream === "function" && "body" in Response.prototype;
    return wanted.filter((name) => name !== "stream" || canStream);
  }

  /** The transports to try, in their order: what worked last, then the better ones first. */
  beginRound() {
    clearTimeout(this.timers.redial);
    if (this.ending || this.paths.some((path) => path.phase === "dialing")) return;
    this.firstError = null;
    const mayStream = !this.slot || this.slot.isHeld;
    const isLate = (name) => name === "stream" && this.streamAgainAt > clock();
    const rank = (name) => (isLate(name) ? 2 : name === this.lastName && mayStream ? 0 : 1);
    const names = this.names.filter((name) => name !== "stream" || mayStream);
    this.round = (names.length > 0 ? names : this.names).sort((a, b) => rank(a) - rank(b));
    this.tryNext();
  }

  tryNext() {
    clearTimeout(this.timers.patience);
    const name = this.round.shift();
    if (!name) return false;
    this.dial(name);
    if (this.round.length > 0) {
      this.timers.patience = setTimeout(() => this.turn(() => !this.used && this.tryNext()), patience);
    }
    return true;
  }

  dial(name, asksPrelude = this.asksPrelude) {
    if (name === "stream") this.hasTriedStream = true;
    const path = new transports[name](this, (this.highestPath += 1));
    path.asksPrelude = asksPrelude;
    path.isRival = !this.used;
    this.paths.push(path);
    path.start();
  }

  attemptFailed(error) {
    this.firstError ??= error;
    if (!this.isOpen && error.isFinal) return this.fail(error);
    if (this.used || this.tryNext() || this.paths.length > 0) return;
    if (!this.isOpen) return this.fail(this.firstError);
    this.redialSoon();
  }

  fail(error) {
    this.rejectOpened(error);
    this.end("aborted", Code.done, error.message, false);
  }

  /** At once, then after ever longer times with full jitter, at most a quarter of the resume time. */
  redialSoon() {
    const ceiling = Math.min(100 * 2 ** Math.min(this.failedRounds - 1, 20), Math.max(this.resumeTime / 4, 1));
    const wait = this.failedRounds === 0 ? 0 : Math.random() * ceiling;
    this.failedRounds += 1;
    clearTimeout(this.timers.redial);
    this.timers.redial = setTimeout(() => this.turn(() => this.beginRound()), wait);
  }

  /** While polling, a stream is tried now and then, ever more seldom; and as soon as there is a slot for it. */
  promote() {
    clearTimeout(this.timers.promotion);
    if (this.ending || this.used?.name !== "poll" || !this.names.includes("stream")) return;
    const maySoon = this.streamAgainAt <= clock() && (!this.slot || this.slot.isHeld);
    // Perhaps only the start of a response is held back.
    if (maySoon && this.paths.length === 1) this.dial("stream", true);
    this.promoteLater();
  }

  slotChanged() {
    if (this.slot.isHeld) return this.promote();
    const isMoving = this.used?.name === "stream" && this.names.includes("poll") && this.paths.length === 1;
    if (isMoving) this.dial("poll");
  }

  promoteLater() {
    clearTimeout(this.timers.promotion);
    if (this.used?.name !== "poll") return;
    this.timers.promotion = setTimeout(() => this.turn(() => this.promote()), this.promotionWait);
    this.promotionWait = Math.min(this.promotionWait * 2, promotionInterval * 64);
  }

  // MARK: Paths

  /** OPEN of a path or of one of its requests (rules 5 and 7). */
  openFrame(path, kind) {
    // The sole attempt is used as soon as it opens, and says so at once.
    const isSole = !this.used && this.paths.every((other) => other === path);
    const mayName = this.hasHistory || kind === Kind.uplink || (kind === Kind.poll && path.hasBegun);
    const instance = mayName && this.instance ? this.instance : empty;
    path.hasNamedInstance = instance.length > 0;
    const prelude = path.asksPrelude && kind === Kind.stream ? [7, "prelude", 4, "4096"] : [];
    const parameters = path.isBrief ? [4, "hold", 1, "0"] : prelude;
    const using = isSole ? path.number : this.using;
    const session = [16, this.id, 32, this.token, instance.length, instance];
    const numbers = [using, this.inbox.received, this.inbox.limit];
    return frame(Type.open, 1, kind, path.number, ...session, ...numbers, ...parameters);
  }

  pathOpened(path, value) {
    const version = value.number();
    const id = value.take(value.number());
    value.take(value.number());
    const instance = value.take(value.number()).slice();
    const [received, limit, , , heartbeat, resumeTime, greatestAge, greatestSize] = Array.from({ length: 8 }, () =>
      value.number(),
    );
    // Each poll's answer may begin with OPENED again; it says nothing new but what an ACK says.
    if (path.phase !== "dialing") return this.acknowledged(received, limit);
    if (version !== 1) return this.end("aborted", Code.version, `the server speaks version ${version}`, false);
    const isNew = !this.instance || !isEqual(this.instance, instance);
    if (!isEqual(id, this.id) || (this.instance && isNew && (this.hasHistory || this.used))) {
      // Asked for just this session, the server has another: ours is gone. Not asked, it made one of its own.
      const error = new PathError("another server answered");
      if (!path.hasNamedInstance) return this.lost(path, error);
      return this.end("lost", Code.noSuchSession, "the server no longer has this session", false);
    }
    if (isNew) this.outbox.limit = 0;
    this.instance = instance;
    this.heartbeat = Math.min(heartbeat, 86_400_000);
    this.resumeTime = Math.min(resumeTime, 30 * 86_400_000);
    this.pollInterval = Math.min(this.pollInterval, this.heartbeat);
    path.phase = "candidate";
    path.greatestAge = greatestAge;
    path.greatestSize = greatestSize;
    this.failedRounds = 0;
    this.acknowledged(received, limit);
    // The first of several rivals is used; another waits until the server's ACK came on that.
    if (path.number > this.using && (!this.used || !path.isRival)) this.use(path);
  }

  /** It carries the session from now on: all that is not covered goes again (rule 4a). */
  use(path) {
    const now = clock();
    if (this.used) this.used.phase = "retired";
    this.using = path.number;
    this.outbox.rewind();
    this.sample = null;
    path.phase = "used";
    path.owesAck = true;
    path.usedAt = this.movedAt = this.attachedAt = now;
    path.coveredAtUse = this.outbox.covered;
    path.numbersAtUse = this.numbers;
    // Many clients of one server do not rotate together.
    if (path.greatestAge > 0) path.rotateAt = path.startedAt + path.greatestAge * (0.9 + Math.random() * 0.2);
    this.suspendedAt = null;
    this.round = [];
    clearTimeout(this.timers.patience);
    if (this.lastName !== path.name) this.promotionWait = promotionInterval;
    this.lastName = path.name;
    this.asksPrelude = path.asksPrelude;
    // The slot may have come while this was opening.
    if (this.slot?.isHeld && !this.hasTriedStream) this.promote();
    else this.promoteLater();
    this.isOpen = true;
    this.tell({ state: "connected", transport: path.name });
    this.resolveOpened();
  }

  /** A path is lost; the session is not (rules 5 and 10). */
  lost(path, error) {
    if (this.ending || !this.paths.includes(path)) return;
    const { phase } = path;
    for (const flight of path.flights.values()) this.goesAgain(flight.numbers);
    this.drop(path);
    const why = error instanceof PathError ? error : new PathError(`the line broke: ${error.message ?? error}`);
    if (phase === "dialing" && !path.isRival && this.used) this.used.rotateAt = clock() + timeToOpen;
    if (phase === "dialing") return this.attemptFailed(why);
    if (phase !== "used") return;
    this.noteLife(path);
    this.suspendedAt = clock();
    this.sample = null;
    if (this.resumeTime === 0) return this.giveUp();
    const next = this.paths.find((other) => other.phase === "candidate" && other.number > this.using);
    if (next) return this.use(next);
    // Where both have closed, only the last word is missing.
    if (!this.inbox.close || !this.outbox.isCloseSent) this.tell({ state: "reconnecting", reason: why.message });
    this.redialSoon();
  }

  /** A stream that dies young three times in a row, with nothing moved, is not what passes here. */
  noteLife(path) {
    const isShort = clock() - path.usedAt < shortLife && path.numbersAtUse === this.numbers;
    this.strikes = isShort && path.name === "stream" ? this.strikes + 1 : 0;
    if (this.strikes < 3) return;
    this.strikes = 0;
    this.streamAgainAt = clock() + 600_000;
    this.lastName = null;
  }

  drop(path) {
    this.paths = this.paths.filter((other) => other !== path);
    path.close();
  }

  // MARK: Frames

  received(path, type, value) {
    if (this.ending || path.isOver) return;
    switch (type) {
      case Type.message:
      case Type.text:
      case Type.fragment:
      case Type.close:
        return this.numberedReceived(path, type, value);
      case Type.ack: {
        this.acknowledged(value.number(), value.number());
        if (path.number !== this.using) return;
        path.confirmed = true;
        // The server knows which path is used: the others are not needed.
        for (const other of this.paths) {
          if (other.number < this.using || (other.isRival && other.number > this.using)) this.drop(other);
        }
        return;
      }
      case Type.ping:
        path.owedPong = value.rest().slice(0, 8);
        path.owesAck = true;
        return;
      case Type.opened:
        return this.pathOpened(path, value);
      case Type.going:
        // It comes again on every path, and with every answer of poll.
        if (!this.isGoing) this.tell({ state: "going", code: value.number() });
        this.isGoing = true;
        return this.close(Code.done, "");
      case Type.abort:
        return this.abortReceived(path, value.number(), value.number(), value.text());
      case Type.open:
        throw new Violation(Code.protocolError, "OPEN from the server");
    }
  }

  numberedReceived(path, type, value) {
    const number = value.number();
    if (number === 0) throw new Unreadable("a frame without a number");
    const isAhead = path.name === "stream" && number > this.inbox.received + 1;
    const gapFound = () => new Unreadable(`frame ${number} came after ${this.inbox.received}`);
    if (isAhead && !path.awaitsGap()) throw gapFound();
    const frame = { number, type, cost: 0, payload: empty };
    if (type === Type.close) {
      Object.assign(frame, { code: value.number(), reason: value.text() });
    } else {
      frame.payload = value.rest();
      if (frame.payload.length > payloadLimit) throw new Unreadable("a payload is too long");
      frame.cost = frame.payload.length + overhead;
    }
    if (isAhead && !this.inbox.mayKeep(frame)) throw gapFound();
    const isNew = this.inbox.receive(frame);
    this.ack.bytes += frame.cost;
    this.ack.frames += 1;
    if (this.ack.bytes >= 32 * 1024 || this.ack.frames >= 32) this.ackNow();
    else this.ackSoon();
    this.creditReturned();
    if (!isNew) return;
    this.movedAt = clock();
    this.unreadableInputs = 0;
    this.wakeReaders();
    if (this.inbox.close) {
      this.ackNow();
      this.close(Code.done, "");
    }
  }

  acknowledged(received, limit) {
    if (limit < roomyBytes) this.isRoomy = false;
    if (this.outbox.acknowledged(received, limit)) {
      const now = clock();
      this.movedAt = now;
      if (this.outbox.isCloseCovered) this.closeCoveredAt ??= now;
      if (this.sample && this.sample.number <= received) {
        const elapsed = now - this.sample.at;
        this.roundTrip = this.roundTrip === null ? elapsed : (this.roundTrip * 7 + elapsed) / 8;
        this.sample = null;
      }
      for (const path of this.paths) path.covered(this.outbox.covered);
    }
  }

  abortReceived(path, received, code, reason) {
    if (path.phase !== "used" && (this.used || this.paths.length > 1)) {
      const error = new PathError(`the server refused: ${reason || `code ${code}`}`);
      error.mayPass = isPassing(code);
      return this.lost(path, error);
    }
    this.outbox.acknowledged(Math.min(received, this.outbox.highestSent), 0);
    // The server ended normally, and its last words were lost.
    if (this.outbox.isCloseCovered && this.inbox.close) return this.endClosed();
    this.end(code === Code.noSuchSession && this.hasHistory ? "lost" : "aborted", code, reason, true);
  }

  /** Says whether a stream is to be cut; the third time without progress it is the session (rule 13). */
  unreadable(path, error) {
    if (error instanceof Violation) throw error;
    if (!(error instanceof Unreadable)) throw error;
    this.unreadableInputs += 1;
    if (this.unreadableInputs >= 3) {
      throw new Violation(Code.protocolError, `unreadable input three times: ${error.message}`);
    }
    return path.name === "stream";
  }

  goesAgain(numbers) {
    if (numbers.length === 0) return;
    this.outbox.repeat(numbers);
    this.sample = null;
  }

  ackSoon() {
    if (this.ack.dueAt < Infinity) return;
    this.ack.dueAt = Math.max(clock() + ackDelay, this.ackAloneAt + Math.min(ackDistance, this.heartbeat / 10));
    this.ack.hasWaited = true;
  }
  ackNow() {
    this.ack.dueAt = clock();
    this.ack.hasWaited = false;
  }
  ackSent() {
    this.ack = { dueAt: Infinity, hasWaited: false, bytes: 0, frames: 0, limitSaid: this.inbox.limit };
  }
  creditReturned() {
    const more = this.inbox.limit - this.ack.limitSaid;
    if (more >= this.inbox.window / 4) this.ackNow();
    else if (more > 0) this.ackSoon();
  }

  // MARK: Turns and time

  /** Does something, and later, once for everything of this turn, what is due because of it. */
  turn(body) {
    try {
      body();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.abort(error.code, error.message);
    }
    if (this.isScheduled || this.ending) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      this.settle();
    });
  }

  settle() {
    while (this.senders.length > 0 && this.outbox.hasRoom) {
      const { message, resolve } = this.senders.shift();
      this.outbox.offer(message);
      resolve();
    }
    if (this.closeAsked && this.senders.length === 0 && !this.ending) {
      this.outbox.close(this.closeAsked.code, this.closeAsked.reason);
    }
    const now = clock();
    this.deadlines(now);
    for (const path of [...this.paths]) while (!this.ending && !path.isOver && path.isDue(now)) path.post(now);
    const next = this.deadlines(now);
    clearTimeout(this.timers.deadline);
    if (next === Infinity || this.ending) return;
    this.timers.deadline = setTimeout(() => this.turn(() => {}), Math.min(Math.max(next - clock(), 0), 2 ** 31 - 1));
  }

  /** Does what is due by now, and says when the next is. */
  deadlines(now) {
    let next = Infinity;
    const isDue = (at) => {
      if (at <= now) return true;
      next = Math.min(next, at);
      return false;
    };
    if (this.ending) return next;
    isDue(this.ack.dueAt);
    for (const path of [...this.paths]) this.pathDeadlines(path, now, isDue);
    if (this.suspendedAt !== null && isDue(this.suspendedAt + this.resumeTime)) this.giveUp();
    if (this.closeAsked && this.suspendedAt === null && isDue(this.closeDeadline)) {
      if (this.outbox.isCloseSent && this.inbox.close) this.endClosed();
      else this.abort(this.closeAsked.code || Code.expired, "CLOSE was not answered in time");
    }
    return next;
  }

  pathDeadlines(path, now, isDue) {
    if (path.phase === "dialing" || path.phase === "candidate") {
      if (isDue(path.startedAt + timeToOpen)) this.lost(path, new PathError("it did not open in time"));
    } else if (isDue(path.heardAt + 2.5 * this.heartbeat)) {
      this.lost(path, new PathError("nothing was heard for two and a half heartbeats"));
    }
    isDue(path.retryAt);
    if (path.isOver || path.phase === "retired") return;
    if (isDue(path.nextRequestAt) && path.name === "stream" && path.phase === "used") path.owesAck = true;
    if (path.phase !== "used") return;
    const overdue = [...path.flights.values()].filter((flight) => isDue(path.repeatAt(flight)));
    if (overdue.length > 0) path.overdue(overdue);
    // A path that brought nothing forward is not left (rule 6).
    const hasMoved = this.outbox.retained === 0 || this.outbox.covered > path.coveredAtUse;
    const isLarge = path.greatestSize > 0 && path.bytesRead >= path.greatestSize;
    if (path.name === "poll" || !path.confirmed || !hasMoved) return;
    if ((isDue(path.rotateAt) || (isLarge && path.rotateAt !== Infinity)) && this.paths.length === 1) {
      path.rotateAt = Infinity;
      this.dial(path.name);
    }
  }

  // MARK: Ending

  /** Rule 12: how long CLOSE, or the answer to it, is waited for. */
  get closeDeadline() {
    const wait = Math.max(linger, this.resumeTime);
    if (!this.outbox.isCloseSent) return this.closeAsked.at + Math.max(closeWait, wait);
    if (!this.outbox.isCloseCovered) return this.movedAt + wait;
    if (this.inbox.close) return Infinity;
    return Math.max(this.closeCoveredAt ?? this.movedAt, this.attachedAt) + wait;
  }

  close(code, reason) {
    if (this.ending || this.closeAsked) return;
    this.closeAsked = { code, reason, at: clock() };
    this.movedAt = this.closeAsked.at;
    if (!this.isIterated && !this.inbox.close) this.discard();
  }

  discard() {
    this.inbox.discard();
    this.creditReturned();
  }

  /** The page goes away, perhaps for ever: what can still be said is said now. */
  goAway() {
    this.isLeaving = true;
    this.turn(() => this.close(Code.done, ""));
    this.settle();
    const { used } = this;
    if (used && this.outbox.hasSendable) used.post(clock());
    this.slot?.release();
  }

  responseEnded(path) {
    if (path.phase === "used" && this.outbox.isCloseCovered && this.inbox.close) return this.endClosed();
    this.lost(path, new PathError("the response came to its end"));
  }

  giveUp() {
    if (this.outbox.isCloseSent && this.inbox.close) return this.endClosed();
    this.end("lost", Code.expired, `no line for ${this.resumeTime} ms`, false);
  }

  abort(code, reason) {
    if (this.ending) return;
    const path = this.used ?? (this.paths.length === 1 ? this.paths[0] : null);
    if (path && this.instance) path.post(clock(), frame(Type.abort, this.inbox.received, code, shortened(reason)));
    this.end("aborted", code, reason, false);
  }

  endClosed() {
    const { code, reason } = this.inbox.close;
    const isAnswer = code === Code.done && reason === "" && this.closeAsked !== null;
    this.end("closed", isAnswer ? this.closeAsked.code : code, reason, !isAnswer);
  }

  end(kind, code, reason, isRemote) {
    if (this.ending) return;
    const { covered, next } = this.outbox;
    this.ending = { kind, code, reason, isRemote, covered, unacknowledged: next - 1 - covered };
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    globalThis.removeEventListener?.("online", this.wake);
    globalThis.removeEventListener?.("pagehide", this.leave);
    this.slot?.release();
    for (const path of this.paths) path.close();
    const error = new SessionEnded(this.ending);
    for (const { reject } of this.senders.splice(0)) reject(error);
    this.rejectOpened(error);
    this.resolveEnded(this.ending);
    this.wakeReaders();
    this.tell({ state: "ended", ...this.ending });
  }

  wakeReaders() {
    for (const wake of this.readers.splice(0)) wake();
  }

  // MARK: Messages

  send(message) {
    message = copied(message);
    if (this.ending) throw new SessionEnded(this.ending);
    if (this.closeAsked) throw new SessionClosing("session");
    return new Promise((resolve, reject) => this.turn(() => this.senders.push({ message, resolve, reject })));
  }

  /** The next message; undefined at the end. */
  async next() {
    for (;;) {
      let message;
      this.turn(() => {
        message = this.inbox.take();
        if (message !== undefined) this.creditReturned();
      });
      if (message !== undefined) return message;
      if (this.inbox.close || this.inbox.isDiscarding || this.ending?.kind === "closed") return undefined;
      if (this.ending) throw new SessionEnded(this.ending);
      await new Promise((resolve) => this.readers.push(resolve));
    }
  }
}

/** A session; see longwire.d.ts. */
class Session extends EventTarget {
  #core;
  #state = "connecting";
  #transport = null;
  onchange = null;

  constructor(url, options) {
    super();
    this.onchange = options.onchange ?? null;
    this.#core = new Core(url, options, (change) => this.#changed(change));
    options.signal?.addEventListener("abort", () =>
      this.#core.turn(() => this.#core.isOpen || this.#core.fail(new Error("connecting was cancelled"))),
    );
    this.#core.start();
  }

  #changed(change) {
    if (change.state !== "going") this.#state = change.state;
    this.#transport = change.state === "connected" ? change.transport : null;
    const event = Object.assign(new Event("change"), { change });
    // What the application does with it cannot disturb the session.
    queueMicrotask(() => {
      this.onchange?.(change);
      this.dispatchEvent(event);
    });
  }

  get opened() {
    return this.#core.opened;
  }
  get isAdvised() {
    return this.#core.isGoing;
  }
  get id() {
    return hex(this.#core.id);
  }
  get state() {
    return this.#state;
  }
  get transport() {
    return this.#transport;
  }
  get ended() {
    return this.#core.ended;
  }

  async send(message) {
    await this.#core.send(message);
  }

  close(code = 0, reason = "") {
    this.#core.turn(() => this.#core.close(code, reason));
    return this.#core.ended;
  }

  [Symbol.asyncIterator]() {
    const core = this.#core;
    core.isIterated = true;
    const done = () => {
      core.isIterated = false;
      if (core.closeAsked) core.turn(() => core.discard());
      return { value: undefined, done: true };
    };
    return {
      next: async () => {
        const value = await core.next();
        return value === undefined ? done() : { value, done: false };
      },
      return: async () => done(),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

/** Opens a session with the servlet at a URL; resolves when it is open, by whichever transport. */
export async function connect(url, options = {}) {
  const target = new URL(url, globalThis.location?.href);
  target.hash = "";
  if (!/^https?:$/.test(target.protocol)) throw new TypeError(`${target.protocol} is neither http: nor https:`);
  options.signal?.throwIfAborted();
  const session = new Session(target, options);
  await session.opened;
  return session;
}

/** Sessions with one servlet, one after the other; see longwire.d.ts. */
class Series {
  #open;
  #limit;
  #session;
  #failure = null;
  #close = null;
  #ending = null;
  #resolveEnded;
  /** Messages of `send` that no session has taken yet, which go one after the other. */
  #pending = 0;
  #last = Promise.resolve();
  /** Sessions that who reads has not come to; null while nobody reads. */
  #unread = null;
  #waiting = [];

  constructor(url, { followLimit = 60_000, signal, ...options }) {
    this.#limit = followLimit;
    this.#open = (more) => connect(url, { ...options, ...more, [isRead]: this.#unread !== null });
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.opened = this.#open({ signal }).then((session) => {
      this.#begin(session);
      this.#run();
    });
  }

  get session() {
    return this.#session;
  }
  get failure() {
    return this.#failure;
  }

  // MARK: From one session to the next

  #begin(session) {
    this.#session = session;
    if (this.#unread) this.#unread.push(this.#read(session));
    // Who was to read it has left meanwhile.
    else session[Symbol.asyncIterator]().return();
    this.#wake();
  }

  #read(session) {
    return { session, messages: session[Symbol.asyncIterator]() };
  }

  async #run() {
    for (;;) {
      const ending = await this.#session.ended;
      const next = this.#mayFollow(ending) ? await this.#next() : null;
      if (!next) {
        this.#ending = ending;
        this.#resolveEnded(ending);
        return this.#wake();
      }
      this.#begin(next);
      if (this.#isDone) next.close(this.#close.code, this.#close.reason);
    }
  }

  #mayFollow({ kind, code, isRemote }) {
    // A servlet that ends with a word of its own has ended the conversation, whatever its server does.
    const isOwnWord = kind === "closed" && isRemote && code !== Code.done;
    const isGoing = code === Code.goingAway || (this.#session.isAdvised && !isOwnWord);
    return isGoing && this.#limit > 0 && !this.#isDone;
  }

  /** Whether there is nothing that a next session would be for. */
  get #isDone() {
    return this.#close !== null && this.#pending === 0;
  }

  async #next() {
    while (this.#unread?.length >= unreadLimit && !this.#isDone) await this.#change();
    const deadline = clock() + this.#limit;
    for (let failures = 0; !this.#isDone; failures += 1) {
      try {
        return await this.#open();
      } catch (error) {
        const wait = Math.random() * Math.min(100 * 2 ** Math.min(failures, 20), this.#limit / 4, 15_000);
        const mayPass = error instanceof SessionEnded ? isPassing(error.ending.code) : error.mayPass;
        if (!mayPass || clock() + wait >= deadline) {
          this.#failure = error;
          return null;
        }
        await this.#pause(wait);
      }
    }
    return null;
  }

  /** Until then, or until there is nothing to wait for. */
  async #pause(wait) {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      this.#wake();
    }, wait);
    while (!isOver && !this.#isDone) await this.#change();
    clearTimeout(timer);
  }

  #change() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
  #wake() {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  // MARK: Messages

  async send(message) {
    message = copied(message);
    if (this.#ending) throw new SessionEnded(this.#ending);
    if (this.#close) throw new SessionClosing("series");
    this.#pending += 1;
    const taken = this.#last.then(() => this.#deliver(message)).finally(() => (this.#pending -= 1));
    this.#last = taken.catch(() => {});
    return taken;
  }

  async #deliver(message) {
    for (;;) {
      if (this.#ending) throw new SessionEnded(this.#ending);
      const session = this.#session;
      try {
        return await session.send(message);
      } catch (error) {
        if (!(error instanceof SessionEnded || error instanceof SessionClosing)) throw error;
      }
      // It was not taken.
      while (this.#session === session && !this.#ending) await this.#change();
    }
  }

  close(code = 0, reason = "") {
    if (!this.#close) {
      this.#close = { code, reason };
      this.#last.then(() => this.#session.close(code, reason));
      this.#wake();
    }
    return this.ended;
  }

  async *[Symbol.asyncIterator]() {
    this.#unread ??= [this.#read(this.#session)];
    let messages;
    try {
      for (;;) {
        // Who else has iterated and left has taken the rest along.
        while (!this.#unread?.length) {
          if (this.#ending || !this.#unread) return;
          await this.#change();
        }
        const next = this.#unread.shift();
        this.#wake();
        messages = next.messages;
        yield { kind: "began", session: next.session };
        try {
          for await (const message of messages) yield { kind: "message", message };
        } catch (error) {
          if (!(error instanceof SessionEnded)) throw error;
        }
        yield { kind: "ended", ending: await next.session.ended };
      }
    } finally {
      // What nobody reads any more is not kept, so that sessions can come to their end.
      messages?.return();
      for (const { messages } of this.#unread ?? []) messages.return();
      this.#unread = null;
      this.#wake();
    }
  }
}

/** Opens a session as `connect` does, and the next one when its server comes to its end. */
export async function follow(url, options = {}) {
  const series = new Series(url, options);
  await series.opened;
  return series;
}
