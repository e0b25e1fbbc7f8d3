/** How a session ended. */
export interface Ending {
  /**
   * `closed`: both sides closed, and each has everything that the other sent before. `aborted`: one side gave up.
   * `lost`: no line was found again in time, or the server no longer knows the session, as after its restart.
   */
  readonly kind: "closed" | "aborted" | "lost";
  /** Why: 0 is done, 1 to 999 are the protocol's (Docs/protocol.md), 1000 and up the application's own. */
  readonly code: number;
  /** The same in words; may be empty. */
  readonly reason: string;
  /** Whether code and reason are the server's. */
  readonly isRemote: boolean;
  /** The last number of ours that surely arrived, and how many frames after it may not have. */
  readonly covered: number;
  readonly unacknowledged: number;
}

export type TransportName = "stream" | "poll";

/** What a session tells of its line. Between `reconnecting` and `connected` nothing is lost, only later. */
export type Change =
  | { readonly state: "connected"; readonly transport: TransportName }
  | { readonly state: "reconnecting"; readonly reason: string }
  /** The server asks for an end, as before a restart; the session closes itself; `follow` opens the next. */
  | { readonly state: "going"; readonly code: number }
  | ({ readonly state: "ended" } & Ending);

export interface Options {
  /** The transports to use, the best first; all where it is missing. */
  transports?: readonly TransportName[];
  /** Called with every change. */
  onchange?: (change: Change) => void;
  /** Gives up connecting; a session that is open does not hear it. */
  signal?: AbortSignal;
  /** Further header fields of every request, such as Authorization. */
  headers?: Record<string, string>;
  /** As for fetch; "same-origin" where it is missing. */
  credentials?: RequestCredentials;
  /** What may have arrived and not been taken, in bytes (a message costs its size and 64); 256 KiB. */
  receiveWindow?: number;
  /** What may wait until the server has acknowledged it, in bytes; `send` waits beyond. 256 KiB. */
  sendBuffer?: number;
  /** The greatest message that is taken, in bytes; 1 MiB. */
  messageLimit?: number;
  /** How rarely, in milliseconds, a page without a connection of its own asks for messages while none come; 1000. */
  pollInterval?: number;
}

/**
 * A two-way conversation with a servlet. Every message arrives exactly once and in order, whatever happens to the line,
 * for as long as the session lives. Iterating over it gives the messages: texts as strings, bytes as Uint8Array. The
 * iteration ends with the server's termination message and throws SessionEnded where the session was aborted or lost;
 * what had arrived before comes first.
 */
export interface Session extends EventTarget, AsyncIterable<string | Uint8Array> {
  /** The public identifier, 32 hexadecimal digits. */
  readonly id: string;
  readonly state: "connecting" | "connected" | "reconnecting" | "ended";
  /** What carries it now; null while nothing does. */
  readonly transport: TransportName | null;
  /** How it ended; never rejects. */
  readonly ended: Promise<Ending>;
  /** Called with every change; there is an event `change` too, with the same as its `change`. */
  onchange: ((change: Change) => void) | null;
  /**
   * Sends a text or bytes. Resolves when the message was taken for sending, which waits while the buffer is full:
   * await it, and a slow server slows you down. Bytes are copied. Rejects with SessionEnded, or after `close`.
   */
  send(message: string | ArrayBuffer | ArrayBufferView): Promise<void>;
  /**
   * Sends the termination message after everything that was sent, and resolves with how the session ended. It is
   * called by itself when the server closes, and when the page goes away.
   */
  close(code?: number, reason?: string): Promise<Ending>;
  addEventListener(
    type: "change",
    listener: (event: Event & { readonly change: Change }) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** What `send` and the iteration throw once the session has ended. */
export class SessionEnded extends Error {
  constructor(ending: Ending);
  readonly ending: Ending;
}

/**
 * Opens a session with the servlet at a URL; a relative one is the page's. Resolves when it is open, and rejects with
 * a sentence for people where it cannot be: no such servlet, refused, not reached.
 */
export function connect(url: string | URL, options?: Options): Promise<Session>;

/** What happens in a series. */
export type SeriesEvent =
  /** A session is open: the first, or the next. What was said before is unknown to the servlet of this one. */
  | { readonly kind: "began"; readonly session: Session }
  /** A message of the session that began last. */
  | { readonly kind: "message"; readonly message: string | Uint8Array }
  /** That session has ended; nothing follows of it. */
  | { readonly kind: "ended"; readonly ending: Ending };

/**
 * A conversation that outlives its server's process: sessions with one servlet, one after the other. When the server
 * comes to its end, as before a restart or an upgrade, the session ends in good order: what it had taken arrives, and so
 * does what the server still has to say. What `send` had not taken goes into the next session, in order and once. To the
 * servlet that is a new conversation, so the boundary stands among the messages. Iterating over it gives all of this.
 */
export interface Series extends AsyncIterable<SeriesEvent> {
  /** The session that is used now, or was used last. */
  readonly session: Session;
  /** Why no next session could be opened, where that is how the series ended. */
  readonly failure: Error | null;
  /** How the last session ended; never rejects. */
  readonly ended: Promise<Ending>;
  /** As `send` of a session; waits while there is none. Messages go in the order of the calls. */
  send(message: string | ArrayBuffer | ArrayBufferView): Promise<void>;
  /** Ends the series: the termination message follows everything that was sent, in whichever session that goes. */
  close(code?: number, reason?: string): Promise<Ending>;
}

export interface SeriesOptions extends Options {
  /** How long a next session is sought, in milliseconds; 60 s. */
  followLimit?: number;
}

/** Opens a session as `connect` does, and the next one when its server comes to its end. */
export function follow(url: string | URL, options?: SeriesOptions): Promise<Series>;
