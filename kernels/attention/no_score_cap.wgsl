// Scores of models that do not cap them, with the cap's derivative.
struct Score { s: vec4f, slope: vec4f }

fn score_of(products: vec4f) -> Score { return Score(products * p.scale, vec4f(1.0)); }
