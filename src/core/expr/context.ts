/** What layer 4 sample fetches may ask of a connection and of the program. One object is reused for all sessions. */
export interface SampleContext {
  /** 0 = neither IPv4 nor IPv6 (unix sockets). Bytes in network order, IPv4 in the first four. */
  readonly sourceFamily: 0 | 4 | 6;
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destinationFamily: 0 | 4 | 6;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
  /** A PROXY header told the addresses. */
  readonly receivedProxy: boolean;
  readonly frontendName: string;
  readonly frontendId: number;
  readonly listenerName: string;
  readonly listenerId: number;
  readonly frontendConnections: number;
  readonly frontendRate: number;
  readonly processConnections: number;
  readonly nowEpochMs: number;
  /** [0, 1) */
  random(): number;
  environment(name: string): string | undefined;
  /** Figures of a backend; '' = the frontend's own section. undefined = no such backend. */
  backend(name: string): BackendView | undefined;
  /** What the client has sent and nobody has taken: the first `contentsLength` bytes. */
  readonly contents: Uint8Array;
  readonly contentsLength: number;
  /** Nobody waits for more bytes: what is there decides. */
  readonly isFinal: boolean;
  /** Set by fetches whose answer could be another one with more bytes or more time; cleared by who asks them. */
  mayChange: boolean;
}

export interface BackendView {
  readonly usableServers: number;
  readonly connections: number;
  readonly queued: number;
  /** Free slots plus free queue places; -1 = unlimited (manual, `connslots`). */
  readonly freeSlots: number;
  readonly rate: number;
  serverIsUp(name: string): boolean;
  serverConnections(name: string): number;
}
