// Preloaded into the built program: on SIGUSR2 it fails in every way that nobody catches.
process.on('SIGUSR2', () => {
  setTimeout(() => {
    throw new Error('stray: thrown in a timer');
  }, 0);
  setImmediate(() => {
    throw new Error('stray: thrown in an immediate');
  });
  void Promise.reject(new Error('stray: rejected'));
  process.nextTick(() => {
    throw new TypeError('stray: thrown in a tick');
  });
  setTimeout(() => {
    throw undefined;
  }, 1);
});
