enable f16;
// What a tile holds of four values: halves, at their range's end where they leave it. Products and sums stay f32.
alias Staged = vec4h;
fn staged(values: vec4f) -> Staged { return Staged(clamp(values, vec4f(-65504.0), vec4f(65504.0))); }
