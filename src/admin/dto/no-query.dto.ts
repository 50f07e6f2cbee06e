/** For routes without parameters: any parameter is refused by name. */
export class NoQueryDto {}
