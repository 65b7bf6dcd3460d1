#include "sim/log_normal.hpp"

#include "sim/random.hpp"

#include <cmath>

namespace tutti::sim {
namespace {

constexpr double ln2_high = 6.93147180369123816490e-01;
constexpr double ln2_low = 1.90821492927058770002e-10;

/// e^x for |x| < 700, by the series of what is left of the nearest power of two.
double exponential(double x) {
  const double power = std::floor(x * 1.4426950408889634 + 0.5);
  const double rest = (x - power * ln2_high) - power * ln2_low;
  double sum = 1.0;
  for (int term = 14; term > 0; --term) sum = 1.0 + sum * rest / term;
  return std::ldexp(sum, static_cast<int>(power));
}

/// The natural logarithm of x > 0, by the series of the inverse hyperbolic tangent.
double logarithm(double x) {
  int power = 0;
  double mantissa = std::frexp(x, &power);
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2;
    --power;
  }
  const double ratio = (mantissa - 1) / (mantissa + 1);
  const double square = ratio * ratio;
  double sum = 0;
  for (int term = 21; term > 0; term -= 2) sum = sum * square + 1.0 / term;
  return 2 * ratio * sum + power * (ln2_high + ln2_low);
}

/// The quantile below 0.02425, where the distribution has its tail.
double tail_quantile(double probability) {
  const double q = std::sqrt(-2 * logarithm(probability));
  const double above =
      ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q -
        2.549732539343734e+00) *
           q +
       4.374664141464968e+00) *
          q +
      2.938163982698783e+00;
  const double below =
      (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q +
       3.754408661907416e+00) *
          q +
      1.0;
  return above / below;
}

}  // namespace

// Acklam's rational approximations.
double normal_quantile(double probability) {
  constexpr double tail = 0.02425;
  if (probability < tail) return tail_quantile(probability);
  if (probability > 1 - tail) return -tail_quantile(1 - probability);
  const double q = probability - 0.5;
  const double r = q * q;
  const double above =
      (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
         1.383577518672690e+02) *
            r -
        3.066479806614716e+01) *
           r +
       2.506628277459239e+00) *
      q;
  const double below =
      ((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
        6.680131188771972e+01) *
           r -
       1.328068155288572e+01) *
          r +
      1.0;
  return above / below;
}

double log_normal(std::uint64_t random, double sigma) {
  // Half a step away from 0, which has no quantile; 1 is not reached.
  const double probability = unit_interval(random) + 0x1.0p-54;
  return exponential(sigma * normal_quantile(probability) - sigma * sigma / 2);
}

}  // namespace tutti::sim
