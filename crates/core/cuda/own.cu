// Kernels of ops/own on CUDA, compiled by NVRTC when the first one is used. Each thread computes one element from its index alone: no shared memory, no
// synchronisation, so the same source runs on the CPU in a loop (tests/own_cu.rs), which is how it is tested where there is no device.

typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#define INDEX ((u64)blockIdx.x * blockDim.x + threadIdx.x)

// ---- the counter generator: Philox4x32-10, as crates/kernels/src/rng.rs ---------------------------------------------

struct Words {
  u32 w[4];
};

static __device__ Words philox(u64 seed, u64 counter) {
  u32 c0 = (u32)counter, c1 = (u32)(counter >> 32), c2 = 0, c3 = 0;
  u32 k0 = (u32)seed, k1 = (u32)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    u64 p0 = (u64)c0 * 0xd2511f53u, p1 = (u64)c2 * 0xcd9e8d57u;
    c0 = (u32)(p1 >> 32) ^ c1 ^ k0;
    c1 = (u32)p1;
    c2 = (u32)(p0 >> 32) ^ c3 ^ k1;
    c3 = (u32)p0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  Words words = {{c0, c1, c2, c3}};
  return words;
}

static __device__ float unit_f32(u32 u) { return (float)(u >> 8) * (1.0f / 16777216.0f); }

static __device__ double unit_f64(u32 low, u32 high) {
  return (double)((((u64)high << 32) | low) >> 11) * (1.0 / 9007199254740992.0);
}

// x / (1 - p) where the element is kept, else 0: element i is kept when its 24 bits reach the threshold.
#define DROP(NAME, T)                                                                                    \
  extern "C" __global__ void NAME(T *x, u64 n, u64 start, u64 seed, u64 counter, u32 threshold, T scale) { \
    u64 i = INDEX;                                                                                       \
    if (i >= n) return;                                                                                  \
    u64 at = start + i;                                                                                  \
    u32 u = philox(seed, counter + at / 4).w[at % 4];                                                    \
    x[i] = (u >> 8) >= threshold ? x[i] * scale : (T)0;                                                  \
  }
DROP(drop_f32, float)
DROP(drop_f64, double)

extern "C" __global__ void uniform_f32(float *y, u64 n, u64 seed, u64 counter, float low, float width) {
  u64 i = INDEX;
  if (i < n) y[i] = unit_f32(philox(seed, counter + i / 4).w[i % 4]) * width + low;
}

extern "C" __global__ void uniform_f64(double *y, u64 n, u64 seed, u64 counter, double low, double width) {
  u64 i = INDEX;
  if (i >= n) return;
  Words words = philox(seed, counter + i / 2);
  y[i] = unit_f64(words.w[2 * (i % 2)], words.w[2 * (i % 2) + 1]) * width + low;
}

// Box-Muller: two numbers from two lanes.
extern "C" __global__ void normal_f32(float *y, u64 n, u64 seed, u64 counter, float mean, float std) {
  u64 i = INDEX;
  if (i >= n) return;
  Words words = philox(seed, counter + i / 4);
  u32 pair = (i % 4) / 2 * 2;
  // 1 - u lies in (0, 1], so that the logarithm is finite.
  float radius = sqrtf(-2.0f * logf(1.0f - unit_f32(words.w[pair])));
  float turn = 2.0f * unit_f32(words.w[pair + 1]);
  y[i] = radius * (i % 2 ? sinpif(turn) : cospif(turn)) * std + mean;
}

// Two numbers from a block.
extern "C" __global__ void normal_f64(double *y, u64 n, u64 seed, u64 counter, double mean, double std) {
  u64 i = INDEX;
  if (i >= n) return;
  Words words = philox(seed, counter + i / 2);
  double radius = sqrt(-2.0 * log(1.0 - unit_f64(words.w[0], words.w[1])));
  double turn = 2.0 * unit_f64(words.w[2], words.w[3]);
  y[i] = radius * (i % 2 ? sinpi(turn) : cospi(turn)) * std + mean;
}

// ---- attention ---------------------------------------------------------------------------------------------------------

// Scores (n / tk, tk) of keys that a query may not see become -inf. causal: 0 none, 1 aligned at the first key, 2 at the last; window 0: none.
#define HIDE(NAME, T)                                                                                            \
  extern "C" __global__ void NAME(T *scores, u64 n, const i64 *lengths, u64 start, u64 rows, u64 tq, u64 tk,       \
                                  u32 causal, u64 window) {                                                      \
    u64 at = INDEX;                                                                                              \
    if (at >= n) return;                                                                                         \
    u64 row = start + at / tk, j = at % tk, i = row % tq, length = tk;                                           \
    if (lengths) {                                                                                               \
      i64 given = lengths[row / rows];                                                                           \
      length = given < 0 ? 0 : (u64)given < tk ? (u64)given : tk;                                                \
    }                                                                                                            \
    /* One more than the position of the query among the keys. */                                                \
    u64 next = i + 1;                                                                                            \
    if (causal == 2) next = length + i + 1 > tq ? length + i + 1 - tq : 0;                                       \
    bool seen = j < length && (causal == 0 || j < next);                                                         \
    if (window) seen = seen && j + window >= next && (causal != 0 || j < i + window);                            \
    if (!seen) scores[at] = -(T)INFINITY;                                                                        \
  }
#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#endif
HIDE(hide_f32, float)
HIDE(hide_f64, double)

// ---- order ---------------------------------------------------------------------------------------------------------------

// Numbers as unsigned ones of the same order: NaN is the largest, the two zeros are equal.
static __device__ u64 key_of(float x) {
  union {
    float value;
    u32 bits;
  } as;
  as.value = x == 0.0f ? 0.0f : x;
  if (x != x) return 0xffffffffull;
  return as.bits >> 31 ? ~as.bits : as.bits | 0x80000000u;
}

static __device__ u64 key_of(double x) {
  union {
    double value;
    u64 bits;
  } as;
  as.value = x == 0.0 ? 0.0 : x;
  if (x != x) return ~0ull;
  return as.bits >> 63 ? ~as.bits : as.bits | (1ull << 63);
}

static __device__ u64 key_of(i64 x) { return (u64)x ^ (1ull << 63); }

static __device__ u64 key_of(unsigned char x) { return x; }

// Rows of `n` values become rows of `width`, a power of two, of keys and places; what is added has places behind all.
#define KEYS(NAME, T)                                                                                          \
  extern "C" __global__ void NAME(const T *x, u64 count, u64 n, u64 width, u32 descending, u64 *keys, u32 *places) { \
    u64 at = INDEX;                                                                                            \
    if (at >= count) return;                                                                                   \
    u64 row = at / width, column = at % width;                                                                 \
    places[at] = (u32)column;                                                                                  \
    if (column >= n)                                                                                           \
      keys[at] = ~0ull;                                                                                        \
    else                                                                                                       \
      keys[at] = descending ? ~key_of(x[row * n + column]) : key_of(x[row * n + column]);                      \
  }
KEYS(keys_f32, float)
KEYS(keys_f64, double)
KEYS(keys_i64, i64)
KEYS(keys_u8, unsigned char)

// One step of a bitonic sort of each row: pairs `distance` apart, in runs of `run`. No two pairs are equal, so it is stable.
extern "C" __global__ void order_step(u64 *keys, u32 *places, u64 count, u64 width, u64 run, u64 distance) {
  u64 at = INDEX;
  if (at >= count) return;
  u64 i = at % width, other = i ^ distance;
  if (other < i) return;
  u64 to = at - i + other;
  bool after = keys[at] > keys[to] || (keys[at] == keys[to] && places[at] > places[to]);
  if (after != ((i & run) != 0)) {
    u64 key = keys[at];
    u32 place = places[at];
    keys[at] = keys[to];
    places[at] = places[to];
    keys[to] = key;
    places[to] = place;
  }
}

// The places of the first k of each row.
extern "C" __global__ void first_places(const u32 *places, u64 count, u64 width, u64 k, i64 *out) {
  u64 at = INDEX;
  if (at < count) out[at] = places[at / k * width + at % k];
}
