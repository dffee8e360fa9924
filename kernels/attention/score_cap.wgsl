// Scores of models that cap them: cap(s) = soft_cap * tanh(s / soft_cap), with the cap's derivative. Joined with
// _lib/tanh.wgsl. A separate file, because software adapters run a branch's code even where no lane takes it.
struct Score { s: vec4f, slope: vec4f }

fn score_of(products: vec4f) -> Score {
  let x = products * p.scale / p.soft_cap;
  let t = vec4f(safe_tanh(x.x), safe_tanh(x.y), safe_tanh(x.z), safe_tanh(x.w));
  return Score(p.soft_cap * t, 1.0 - t * t);
}
