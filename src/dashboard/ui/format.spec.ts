import { describe, expect, it } from 'vitest';
import { sentences } from './format.js';

describe('what followed an attempt', () => {
  it('has one period between two sentences, whether or not the first brings its own', () => {
    expect(sentences(['No such organization: org-x.', 'The upstream refused'])).toBe(
      'No such organization: org-x. The upstream refused',
    );
    expect(sentences(['socket hang up', 'Another key took over'])).toBe(
      'socket hang up. Another key took over',
    );
    expect(sentences(['Try later…', null])).toBe('Try later…');
    expect(sentences([null, undefined])).toBe('');
  });
});
