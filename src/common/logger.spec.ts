import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger, type Logger } from './logger.js';
import { NestLogger } from './nest-logger.js';
import { Secret } from './secret.js';

function capture(): { logger: Logger; text: () => string; lines: () => Record<string, unknown>[] } {
  let text = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return {
    logger: createLogger('trace', sink),
    text: () => text,
    lines: () =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('createLogger', () => {
  it('writes one JSON line for an event, whatever is in it', () => {
    const { logger, text, lines } = capture();
    logger.info({ path: 'a\nb\r\u001b[31m\u2028', agent: '"}\n{"level":"error"}' }, 'x\ny');
    expect(lines()).toHaveLength(1);
    expect(text()).not.toContain('\u001b');
    expect(lines()[0]).toMatchObject({ level: 'info', msg: 'x\ny' });
  });

  it('tells of an error without the command that failed, whose arguments may be a password', () => {
    const { logger, text, lines } = capture();
    const command = { name: 'hello', args: ['3', 'AUTH', 'default', 'hunter2'] };
    logger.error(
      { err: Object.assign(new Error('WRONGPASS'), { command, code: 'X' }) },
      'unhandled rejection',
    );
    expect(text()).not.toContain('hunter2');
    expect(lines()[0]).toMatchObject({ err: { type: 'Error', message: 'WRONGPASS', code: 'X' } });
    expect(text()).toContain('logger.spec.ts');
  });

  it('lets no C1 control, bidi mark or line separator through, and keeps what was said', () => {
    const { logger, text, lines } = capture();
    const hostile = 'a\u007f\u0085\u009b31mb\u200e\u202egpj\u2066x\u2069\u2028\u2029\ufeffz';
    logger.info({ agent: hostile, [`k\u009b`]: 1 }, `ünïcode 漢字 ${hostile}`);
    expect(text()).not.toMatch(/[\u007f-\u009f\u200e\u2028-\u202e\u2066-\u2069\ufeff]/);
    expect(text()).toContain('\\u009b31m');
    expect(lines()[0]).toMatchObject({ agent: hostile, msg: `ünïcode 漢字 ${hostile}` });
  });

  it('masks secrets by type, by name and by shape', () => {
    const { logger, text, lines } = capture();
    logger.info({
      key: new Secret('sk-canary-0000'),
      headers: { authorization: 'Bearer sk-canary-1111', cookie: 'a=canary', 'set-cookie': ['canary'] },
      req: { headers: { authorization: 'canary', 'x-api-key': 'canary' } },
      provider: { api_key: 'canary', apiKey: 'canary' },
    });
    logger.error(
      { err: new Error('Incorrect API key provided: sk-canary-2222"') },
      'saw Bearer canary-3333333\\',
    );
    expect(text()).not.toContain('canary');
    expect(lines()).toHaveLength(2);
  });

  it('leaves prose about bearer tokens alone', () => {
    const { logger, lines } = capture();
    logger.warn('the request did not include the bearer token');
    expect(lines()[0]).toMatchObject({ msg: 'the request did not include the bearer token' });
  });
});

describe('NestLogger', () => {
  it('carries context and error', () => {
    const { logger, lines } = capture();
    const nest = new NestLogger(logger);
    nest.log('started', 'NestFactory');
    nest.error(new Error('broken'), 'Router');
    expect(lines()).toMatchObject([
      { level: 'debug', context: 'NestFactory', msg: 'started' },
      { level: 'error', context: 'Router', msg: 'broken', err: { message: 'broken' } },
    ]);
  });
});
