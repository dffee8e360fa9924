// What a tile holds of four values: themselves.
alias Staged = vec4f;
fn staged(values: vec4f) -> Staged { return values; }
