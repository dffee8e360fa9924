// Four invocations share their loads: on a software adapter a load costs as much as many multiplications, and a swizzle
// costs one instruction. Needs `enable subgroups;`, subgroups of four and uniform control flow.
fn quad_broadcast(mine: f32) -> vec4f {
  return vec4f(quadBroadcast(mine, 0u), quadBroadcast(mine, 1u), quadBroadcast(mine, 2u), quadBroadcast(mine, 3u));
}
