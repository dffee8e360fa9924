import { WebLoraError } from '../../../errors.ts';

/** The gradient of an op that only generation uses. @throws `internal` */
export function noGradient({ op }: { readonly op: string }): never {
  throw new WebLoraError('internal', `${op} has no gradient: it belongs to generation`);
}
