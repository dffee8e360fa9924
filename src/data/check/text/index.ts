import type { TextCheck } from '../finding.ts';
import { address } from './address.ts';
import { card } from './card.ts';
import { email } from './email.ts';
import { iban } from './iban.ts';
import { injection } from './injection.ts';
import { name } from './name.ts';
import { nationalId } from './national-id.ts';
import { phone } from './phone.ts';
import { secret } from './secret.ts';

/**
 * Every check of single texts. What an earlier one finds is not looked at by the later ones, so that a card number is no
 * phone number besides: the surest first.
 */
export const TEXT_CHECKS: readonly TextCheck[] = [
  secret,
  iban,
  card,
  nationalId,
  email,
  phone,
  address,
  name,
  injection,
];
