/** Converters that look a key up in a stick table (manual §7.3.1). */
import type { Converter, Converters } from '../converter.js';

/** Figures as the tables store them; one that is not there is 0. */
const FIGURES = [
  'bytes_in_rate',
  'bytes_out_rate',
  'conn_cnt',
  'conn_cur',
  'conn_rate',
  'gpc0',
  'gpc0_rate',
  'gpc1',
  'gpc1_rate',
  'gpt0',
  'http_err_cnt',
  'http_err_rate',
  'http_fail_cnt',
  'http_fail_rate',
  'http_req_cnt',
  'http_req_rate',
  'kbytes_in',
  'kbytes_out',
  'server_id',
  'sess_cnt',
  'sess_rate',
  'trackers',
];

export const TABLES: Converters = {
  in_table: inTable(),
  table_expire: withDefault('expire'),
  table_idle: withDefault('idle'),
  ...Object.fromEntries(FIGURES.map((figure) => [`table_${figure}`, plainFigure(figure)])),
  ...Object.fromEntries(['gpc', 'gpc_rate', 'gpt'].map((figure) => [`table_${figure}`, arrayFigure(figure)])),
};

function inTable(): Converter {
  return {
    takes: 'any',
    gives: 'boolean',
    make: ([table, ...more]) => {
      if (table === undefined || more.length > 0) return 'needs the name of a table';
      return (value, context) => context.stick.lookup(table, value, 'trackers') !== undefined;
    },
  };
}

function plainFigure(figure: string): Converter {
  return {
    takes: 'any',
    gives: 'integer',
    make: ([table, ...more]) => {
      if (table === undefined || more.length > 0) return 'needs the name of a table';
      return (value, context) => context.stick.lookup(table, value, figure) ?? 0;
    },
  };
}

/** Without a default a key that is not there has no value. */
function withDefault(figure: string): Converter {
  return {
    takes: 'any',
    gives: 'integer',
    make: ([table, otherwise, ...more]) => {
      if (table === undefined || more.length > 0 || !/^-?\d+$/.test(otherwise ?? '0'))
        return 'needs the name of a table, and perhaps a number';
      const missing = otherwise === undefined ? undefined : Number(otherwise);
      return (value, context) => context.stick.lookup(table, value, figure) ?? missing;
    },
  };
}

function arrayFigure(figure: string): Converter {
  return {
    takes: 'any',
    gives: 'integer',
    make: ([index, table, ...more]) => {
      if (table === undefined || !/^\d+$/.test(index) || more.length > 0)
        return 'needs an index and the name of a table';
      return (value, context) => context.stick.lookup(table, value, figure, Number(index)) ?? 0;
    },
  };
}
