/* The parts of a training step that are not matrix products, over bfloat16 activations and a float32 residual stream.
 * Compiled by fused.py with -O3 -ffast-math -march=native -fopenmp-simd; loops over rows are written so that GCC vectorises them.
 * Layout: every matrix is row-major, a row is a token; documents lie one after the other, `offset` holds where each begins. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint16_t bf16;

static inline float up(bf16 v) {
  union { uint32_t u; float f; } x = {.u = (uint32_t)v << 16};
  return x.f;
}
static inline bf16 down(float v) {
  union { float f; uint32_t u; } x = {.f = v};
  return (bf16)((x.u + 0x7fff + ((x.u >> 16) & 1)) >> 16);
}

/* x [n, h] += d [n, h] (d may be null); y = x / rms(x); r [n] = 1 / rms(x). The norm's weights are folded into the next matrix. */
void add_norm(long n, long h, float eps, float *x, const bf16 *d, bf16 *y, float *r) {
  for (long i = 0; i < n; i++) {
    float *xi = x + i * h;
    bf16 *yi = y + i * h;
    float sum = 0;
    if (d) {
      const bf16 *di = d + i * h;
      for (long j = 0; j < h; j++) xi[j] += up(di[j]);
    }
    for (long j = 0; j < h; j++) sum += xi[j] * xi[j];
    float scale = 1 / sqrtf(sum / h + eps);
    r[i] = scale;
    for (long j = 0; j < h; j++) yi[j] = down(xi[j] * scale);
  }
}

/* Backward of the norm, added to the residual's gradient: dx [n, h] += r (g - y mean(g y)); copy = dx in bfloat16. */
void norm_backward(long n, long h, float *dx, const bf16 *y, const float *r, const bf16 *g, bf16 *copy) {
  for (long i = 0; i < n; i++) {
    float *dxi = dx + i * h;
    const bf16 *yi = y + i * h, *gi = g + i * h;
    bf16 *ci = copy + i * h;
    float dot = 0;
    for (long j = 0; j < h; j++) dot += up(gi[j]) * up(yi[j]);
    dot /= h;
    for (long j = 0; j < h; j++) {
      dxi[j] += r[i] * (up(gi[j]) - up(yi[j]) * dot);
      ci[j] = down(dxi[j]);
    }
  }
}

/* gu [n, 2m] holds gate and up; s [n, m] = silu(gate) up. */
void swiglu(long n, long m, const bf16 *gu, bf16 *s) {
  for (long i = 0; i < n; i++) {
    const bf16 *g = gu + i * 2 * m, *u = g + m;
    bf16 *si = s + i * m;
    for (long j = 0; j < m; j++) {
      float a = up(g[j]);
      si[j] = down(a / (1 + expf(-a)) * up(u[j]));
    }
  }
}

/* gu becomes its own gradient. */
void swiglu_backward(long n, long m, bf16 *gu, const bf16 *ds) {
  for (long i = 0; i < n; i++) {
    bf16 *g = gu + i * 2 * m, *u = g + m;
    const bf16 *di = ds + i * m;
    for (long j = 0; j < m; j++) {
      float a = up(g[j]), d = up(di[j]), sig = 1 / (1 + expf(-a));
      g[j] = down(d * up(u[j]) * sig * (1 + a * (1 - sig)));
      u[j] = down(d * a * sig);
    }
  }
}

/* logits [n, v] become the gradient of sum(weight * cross entropy); loss [n] is unweighted. */
void cross_entropy(long n, long v, bf16 *logits, const int32_t *target, const float *weight, float *loss) {
  float *e = aligned_alloc(64, (v * sizeof(float) + 63) / 64 * 64);
  for (long i = 0; i < n; i++) {
    bf16 *l = logits + i * v;
    float most = -INFINITY, sum = 0, right = up(l[target[i]]);
    for (long j = 0; j < v; j++) most = up(l[j]) > most ? up(l[j]) : most;
    for (long j = 0; j < v; j++) {
      e[j] = expf(up(l[j]) - most);
      sum += e[j];
    }
    loss[i] = logf(sum) + most - right;
    float scale = weight[i] / sum;
    for (long j = 0; j < v; j++) l[j] = down(e[j] * scale);
    l[target[i]] = down(e[target[i]] * scale - weight[i]);
  }
  free(e);
}

/* Rotates the first `heads` heads of each row by its position in its document (sign 1) or back (sign -1); tables are [t, 16]. */
#define D 32
static void rotate(bf16 *row, long heads, const float *c, const float *s, float sign) {
  for (long k = 0; k < heads; k++) {
    bf16 *a = row + k * D, *b = a + D / 2;
    for (int j = 0; j < D / 2; j++) {
      float x = up(a[j]), y = up(b[j]), sj = sign * s[j];
      a[j] = down(x * c[j] - y * sj);
      b[j] = down(y * c[j] + x * sj);
    }
  }
}

#define B 4 /* queries at a time */
typedef float vec __attribute__((vector_size(64), aligned(4)));

/* out[b][j] = sum_d a[b][d] t[d][j] for j below `to` rounded up to 16: rows against a transposed matrix of row length `pad`. */
static void rows_by_transposed(const float a[B][D], const float *t, long pad, long to, float *out) {
  for (long j = 0; j < to; j += 16) {
    vec s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    for (int d = 0; d < D; d++) {
      vec k = *(const vec *)(t + d * pad + j);
      s0 += a[0][d] * k;
      s1 += a[1][d] * k;
      s2 += a[2][d] * k;
      s3 += a[3][d] * k;
    }
    *(vec *)(out + j) = s0;
    *(vec *)(out + pad + j) = s1;
    *(vec *)(out + 2 * pad + j) = s2;
    *(vec *)(out + 3 * pad + j) = s3;
  }
}
/* out[b] = sum_j p[b][j] m[j] */
static void weighted_rows(const float *p, long pad, long to, const float *m, float out[B][D]) {
  vec s[B][2] = {{{0}}};
  for (long j = 0; j < to; j++) {
    vec a = *(const vec *)(m + j * D), b = *(const vec *)(m + j * D + 16);
    for (int k = 0; k < B; k++) {
      s[k][0] += p[k * pad + j] * a;
      s[k][1] += p[k * pad + j] * b;
    }
  }
  memcpy(out, s, sizeof s);
}
/* m[j] += sum_b p[b][j] a[b] */
static void add_outer(const float *p, long pad, long to, const float a[B][D], float *m) {
  for (long j = 0; j < to; j++) {
    vec x = *(vec *)(m + j * D), y = *(vec *)(m + j * D + 16);
    for (int k = 0; k < B; k++) {
      x += p[k * pad + j] * *(const vec *)a[k];
      y += p[k * pad + j] * *(const vec *)(a[k] + 16);
    }
    *(vec *)(m + j * D) = x;
    *(vec *)(m + j * D + 16) = y;
  }
}
static void load(const bf16 *from, long stride, long count, float *rows, float *transposed, long pad) {
  if (transposed) memset(transposed, 0, pad * D * sizeof(float));
  for (long j = 0; j < count; j++)
    for (int d = 0; d < D; d++) {
      float v = up(from[j * stride + d]);
      if (rows) rows[j * D + d] = v;
      if (transposed) transposed[d * pad + j] = v;
    }
}
static void load_block(const bf16 *from, long stride, long i, long length, float scale, float block[B][D]) {
  for (int b = 0; b < B; b++)
    for (int d = 0; d < D; d++) block[b][d] = i + b < length ? up(from[(i + b) * stride + d]) * scale : 0;
}

/* Causal attention within each document. qkv [n, (heads + 2 kv) 32]: its queries and keys are rotated in place first.
 * out [n, heads 32]; lse [n, heads] = log of the sum of exponentials. */
void attention(long documents, const int64_t *offset, long heads, long kv, const float *cos, const float *sin, bf16 *qkv, bf16 *out, float *lse) {
  long width = (heads + 2 * kv) * D;
  const float scale = 1 / sqrtf(D);
  for (long n = 0; n < documents; n++) {
    long at = offset[n], length = offset[n + 1] - at, pad = (length + 15) / 16 * 16;
    float *kt = aligned_alloc(64, pad * D * 4), *v = aligned_alloc(64, pad * D * 4), *s = aligned_alloc(64, B * pad * 4);
    bf16 *own = qkv + at * width;
    for (long i = 0; i < length; i++) rotate(own + i * width, heads + kv, cos + i * (D / 2), sin + i * (D / 2), 1);
    for (long g = 0; g < kv; g++) {
      load(own + (heads + g) * D, width, length, 0, kt, pad);
      load(own + (heads + kv + g) * D, width, length, v, 0, pad);
      for (long h = g * heads / kv; h < (g + 1) * heads / kv; h++)
        for (long i = 0; i < length; i += B) {
          float q[B][D], o[B][D], inverse[B];
          long to = i + B < length ? i + B : length;
          load_block(own + h * D, width, i, length, scale, q);
          rows_by_transposed(q, kt, pad, to, s);
          for (int b = 0; b < B; b++) {
            float *sb = s + b * pad, most = -INFINITY, sum = 0;
            long mine = i + b + 1 < to ? i + b + 1 : to;
            for (long j = 0; j < mine; j++) most = sb[j] > most ? sb[j] : most;
            for (long j = 0; j < mine; j++) {
              sb[j] = expf(sb[j] - most);
              sum += sb[j];
            }
            for (long j = mine; j < to; j++) sb[j] = 0;
            inverse[b] = 1 / sum;
            if (i + b < length) lse[(at + i + b) * heads + h] = most + logf(sum);
          }
          weighted_rows(s, pad, to, v, o);
          for (int b = 0; b < B && i + b < length; b++)
            for (int d = 0; d < D; d++) out[((at + i + b) * heads + h) * D + d] = down(o[b][d] * inverse[b]);
        }
    }
    free(kt), free(v), free(s);
  }
}

/* Given the rotated qkv, out, lse and the gradient of out, writes the gradient of qkv before rotation. */
void attention_backward(long documents, const int64_t *offset, long heads, long kv, const float *cos, const float *sin, const bf16 *qkv,
                        const bf16 *out, const float *lse, const bf16 *dout, bf16 *dqkv) {
  long width = (heads + 2 * kv) * D, ow = heads * D;
  const float scale = 1 / sqrtf(D);
  for (long n = 0; n < documents; n++) {
    long at = offset[n], length = offset[n + 1] - at, pad = (length + 15) / 16 * 16;
    float *memory = aligned_alloc(64, (5 * D + 2 * B) * pad * 4);
    float *kt = memory, *k = kt + pad * D, *vt = k + pad * D, *dk = vt + pad * D, *dv = dk + pad * D, *p = dv + pad * D, *dp = p + B * pad;
    const bf16 *own = qkv + at * width;
    bf16 *down_ = dqkv + at * width;
    for (long g = 0; g < kv; g++) {
      load(own + (heads + g) * D, width, length, k, kt, pad);
      load(own + (heads + kv + g) * D, width, length, 0, vt, pad);
      memset(dk, 0, 2 * pad * D * 4);
      for (long h = g * heads / kv; h < (g + 1) * heads / kv; h++)
        for (long i = 0; i < length; i += B) {
          float q[B][D], dq[B][D], d_o[B][D];
          long to = i + B < length ? i + B : length;
          load_block(own + h * D, width, i, length, scale, q);
          load_block(dout + at * ow + h * D, ow, i, length, 1, d_o);
          rows_by_transposed(q, kt, pad, to, p);
          rows_by_transposed(d_o, vt, pad, to, dp);
          for (int b = 0; b < B; b++) {
            float *pb = p + b * pad, *db = dp + b * pad, delta = 0;
            long mine = i + b < length ? i + b + 1 : 0;
            if (mine) {
              const bf16 *o = out + (at + i + b) * ow + h * D;
              float l = lse[(at + i + b) * heads + h];
              for (int d = 0; d < D; d++) delta += d_o[b][d] * up(o[d]);
              for (long j = 0; j < mine; j++) {
                pb[j] = expf(pb[j] - l);
                db[j] = pb[j] * (db[j] - delta);
              }
            }
            for (long j = mine; j < to; j++) pb[j] = db[j] = 0;
          }
          weighted_rows(dp, pad, to, k, dq);
          add_outer(dp, pad, to, q, dk); /* q carries the scale already */
          add_outer(p, pad, to, d_o, dv);
          for (int b = 0; b < B && i + b < length; b++)
            for (int d = 0; d < D; d++) down_[(i + b) * width + h * D + d] = down(dq[b][d] * scale);
        }
      for (long j = 0; j < length; j++)
        for (int d = 0; d < D; d++) {
          down_[j * width + (heads + g) * D + d] = down(dk[j * D + d]);
          down_[j * width + (heads + kv + g) * D + d] = down(dv[j * D + d]);
        }
    }
    for (long i = 0; i < length; i++) rotate(down_ + i * width, heads + kv, cos + i * (D / 2), sin + i * (D / 2), -1);
    free(memory);
  }
}

/* e [vocabulary, h] += dx [n, h] at the rows `ids`. */
void embed_backward(long n, long h, const int32_t *ids, const float *dx, float *e) {
  for (long i = 0; i < n; i++)
    for (long j = 0; j < h; j++) e[ids[i] * h + j] += dx[i * h + j];
}
