/**
 * Servers and clients inside a network namespace: this file runs there as a program and does what its standard input says.
 * `serve HOST PORT NAME` greets with the name; `check HOST PORT STATUS` answers HTTP (again = another status);
 * `who HOST PORT` connects and tells who greeted; `record HOST PORT` keeps every byte it gets, and `heard PORT` tells
 * them. Each command is answered with one line.
 */
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const answers = new Map<string, string>();

function listen(host: string, port: string, greet: string | null): Promise<string> {
  const key = `${host}:${port}`;
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      if (greet !== null) socket.end(`${greet}\n`);
      else socket.once('data', () => socket.end(`HTTP/1.1 ${answers.get(key)}\r\nContent-Length: 0\r\n\r\n`));
    });
    server.on('error', (error) => resolve(error.message));
    server.listen(Number(port), host, () => resolve('listening'));
  });
}

/** Everything received, by port: bytes, and how connections broke. */
const heard = new Map<string, string>();

function record(host: string, port: string): Promise<string> {
  heard.set(port, '');
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      const note = (text: string) => heard.set(port, heard.get(port) + text);
      socket.on('data', (data) => note(data.toString()));
      socket.on('error', (error: NodeJS.ErrnoException) => note(`<${error.code}>`));
    });
    server.on('error', (error) => resolve(error.message));
    server.listen(Number(port), host, () => resolve('listening'));
  });
}

function who(host: string, port: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect({ host, port: Number(port) });
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on('data', (data) => {
      heard += data;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      heard ||= error.code ?? error.message;
    });
    socket.on('close', () => resolve(heard.trim() || 'closed'));
  });
}

async function obey(line: string): Promise<string> {
  const [verb, host, port, ...rest] = line.split(' ');
  if (verb === 'serve') return listen(host, port, rest.join(' '));
  if (verb === 'who') return who(host, port);
  if (verb === 'record') return record(host, port);
  if (verb === 'heard') return heard.get(host) ?? '';
  const isNew = !answers.has(`${host}:${port}`);
  answers.set(`${host}:${port}`, rest.join(' '));
  return isNew ? listen(host, port, null) : 'changed';
}

let turn = Promise.resolve();
createInterface({ input: process.stdin })
  .on('line', (line) => {
    turn = turn.then(async () => console.log(await obey(line)));
  })
  .on('close', () => process.exit(0));
