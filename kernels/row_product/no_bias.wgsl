fn bias_at(o: u32) -> f32 { return 0.0; }
