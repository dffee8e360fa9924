import type { KernelVariant } from '../../../gpu/device-profile.ts';

/** A device's variant, but `serial` in place of `serial-quad` where a program that shares loads is not worth compiling. */
export function quadVariantWhere(isWorthwhile: boolean, variant: KernelVariant): KernelVariant {
  return variant === 'serial-quad' && !isWorthwhile ? 'serial' : variant;
}
