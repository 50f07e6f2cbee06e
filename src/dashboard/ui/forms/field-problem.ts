/** Something in a form that cannot be sent as it stands. `param` is the API's name of the field. */
export class FieldProblem extends Error {
  constructor(
    readonly param: string,
    message: string,
  ) {
    super(message);
  }
}
