/// Parameter sweep: results are used in the order in which they come, and tell what to try next.
///
/// A swing dies out fastest at some damping. A coarse sweep runs first; whenever a new best value
/// comes in, values beside it are tried too, while the others still run.

#include <tutti/tutti.hpp>

#include <cmath>
#include <iostream>
#include <limits>

struct Trial {
  double damping = 0;
  double step = 0;
  double settling_time = std::numeric_limits<double>::infinity();
};

/// Simulates x'' = -x - 2 d x' from x = 1 until |x| and |x'| stay small.
Trial simulate(double damping, double step) {
  const double time_step = 1e-4;
  double position = 1, velocity = 0, settled = 0;
  for (double time = 0; time < 100; time += time_step) {
    velocity += time_step * (-position - 2 * damping * velocity);
    position += time_step * velocity;
    if (std::abs(position) + std::abs(velocity) > 0.01) settled = time;
  }
  return {damping, step, settled};
}

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    std::vector<double> coarse;
    for (double damping = 0.1; damping < 2; damping += 0.2) coarse.push_back(damping);
    auto trials = tutti::as_completed(client.map(simulate, coarse, 0.1));

    Trial best;
    int count = 0;
    for (auto& future : trials) {
      const Trial trial = future.result();
      ++count;
      if (trial.settling_time >= best.settling_time) continue;
      best = trial;
      if (trial.step < 0.01) continue;  // fine enough
      const double half = trial.step / 2;
      trials.add(client.submit(simulate, trial.damping - half, half));
      trials.add(client.submit(simulate, trial.damping + half, half));
    }
    std::cout << "best of " << count << " trials: damping " << best.damping << " settles in "
              << best.settling_time << "\n";
    return best.settling_time < 8 && count > 10 ? 0 : 1;
  });
}
