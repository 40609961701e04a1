/** The HAProxy whose language, commands and outputs we answer as. Tools decide by it what they may ask. */
export const HAPROXY_VERSION = '2.6.12';
