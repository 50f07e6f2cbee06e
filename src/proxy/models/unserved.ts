/**
 * Whoever was asked has refused the request or was not reached, so nothing ran, and the client has heard nothing: it may
 * go out as another model. `answer` tells the client what it would have heard at once.
 */
export class Unserved extends Error {
  constructor(readonly answer: () => void) {
    super('nobody who was asked has served it');
  }
}
