/**
 * The answer to a COM_QUERY (ProtocolText::Resultset), one result set per statement. With DEPRECATE_EOF the columns have
 * no end marker and the rows end with an OK packet under another header.
 */
import type { Values } from '../../core/role/galera.js';
import { type PacketReader, readError, type ServerError } from './mysql-packets.js';

type Row = readonly (string | null)[];

interface ResultSet {
  /** Column names. */
  readonly names: readonly string[];
  readonly rows: Row[];
}

const OK = 0x00;
const LOCAL_FILE = 0xfb;
const END = 0xfe;
const ERROR = 0xff;
const MORE_RESULTS = 0x0008;
const COLUMNS_MAX = 1000;
/** An EOF packet is shorter than this; an OK packet in its place, or a row of 16 MiB, would not fit our limits. */
const EOF_BYTES_MAX = 9;

type Part = 'head' | 'columns' | 'columns-end' | 'rows';

export class MysqlResults {
  sets: ResultSet[] = [];
  error: ServerError | null = null;
  private part: Part = 'head';
  private columnsLeft = 0;
  private names: string[] = [];
  private isKnown = false;
  /** Names by number of the statement: the same question again has the same columns. */
  private known: string[][] = [];

  constructor(private hasEof: boolean) {}

  /** A new connection. */
  reset(hasEof: boolean): void {
    this.hasEof = hasEof;
    this.known = [];
    this.start();
  }

  /** A new answer to the question that was asked before on this connection, or to the first. */
  start(): void {
    this.sets = [];
    this.error = null;
    this.part = 'head';
  }

  /** A new question. */
  startOther(): void {
    this.known = [];
    this.start();
  }

  /** Takes the next packet. @returns whether the answer is whole; 'bad' when it is none */
  push(reader: PacketReader): boolean | 'bad' {
    if (reader.first === ERROR) {
      this.error = readError(reader);
      return true;
    }
    switch (this.part) {
      case 'head':
        return this.head(reader);
      case 'columns':
        return this.column(reader);
      case 'columns-end':
        this.part = 'rows';
        return reader.first === END ? false : 'bad';
      case 'rows':
        return reader.first === END ? this.end(reader) : this.row(reader);
    }
  }

  private head(reader: PacketReader): boolean | 'bad' {
    if (reader.first === LOCAL_FILE) return 'bad'; // it asks for a file of ours
    if (reader.first === OK) {
      this.sets.push({ names: [], rows: [] });
      return this.ended(reader, true);
    }
    const count = reader.length();
    if (count === null || count === 0 || count > COLUMNS_MAX || reader.isShort) return 'bad';
    const known = this.known[this.sets.length];
    this.isKnown = known?.length === count;
    this.names = this.isKnown ? known : [];
    this.known[this.sets.length] = this.names;
    this.sets.push({ names: this.names, rows: [] });
    this.columnsLeft = count;
    this.part = 'columns';
    return false;
  }

  private column(reader: PacketReader): boolean | 'bad' {
    if (!this.isKnown) {
      for (let i = 0; i < 4; i++) reader.skipText();
      this.names.push(reader.text() ?? '');
      if (reader.isShort) return 'bad';
    }
    if (--this.columnsLeft === 0) this.part = this.hasEof ? 'columns-end' : 'rows';
    return false;
  }

  private row(reader: PacketReader): boolean | 'bad' {
    const { rows, names } = this.sets[this.sets.length - 1];
    const row: (string | null)[] = [];
    for (let i = 0; i < names.length; i++) row.push(reader.text());
    rows.push(row);
    return reader.isShort || reader.left > 0 ? 'bad' : false;
  }

  private end(reader: PacketReader): boolean | 'bad' {
    if (this.hasEof && reader.left >= EOF_BYTES_MAX) return 'bad';
    return this.ended(reader, !this.hasEof);
  }

  /** @param isOk laid out as an OK packet; an EOF packet has its counters the other way round */
  private ended(reader: PacketReader, isOk: boolean): boolean | 'bad' {
    reader.skip(1);
    if (isOk) {
      reader.length();
      reader.length();
    } else reader.skip(2);
    const status = reader.integer(2);
    if (reader.isShort) return 'bad';
    this.part = 'head';
    return (status & MORE_RESULTS) === 0;
  }

  /** The first two columns of a result set as names and values. */
  pairs(set: number): Values {
    const values: { [name: string]: string | null } = Object.create(null);
    for (const [name, value] of this.sets[set]?.rows ?? []) if (name) values[name] = value;
    return values;
  }

  /** Rows of a result set, each as values by column name. */
  records(set: number): Values[] {
    const { names, rows } = this.sets[set] ?? { names: [], rows: [] };
    return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])));
  }
}
