// Tasks that share something outside of tutti, and talk while they run: a lock for a file with one
// writer, a semaphore for what only some may do at once, a queue from tasks to the client.
//
//     mpirun -n 4 ./11_locks_and_queues

#include <tutti/tutti.hpp>

#include <iostream>
#include <mutex>
#include <string>

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    // The same name is the same thing on every rank.
    tutti::Queue<int> found("found");
    auto search = client.map(
        [](int number) {
          tutti::Semaphore readers(2, "disk");
          {
            const std::lock_guard lease(readers);  // at most two tasks of the run are here
          }
          if (number % 7 == 0) tutti::Queue<int>("found").put(number);
        },
        tutti::range(50));

    int sum = 0;
    for (int count = 0; count < 8; ++count) sum += found.get(60.0);  // 0, 7, ..., 49
    client.gather(search);
    std::cout << "found 8 numbers, their sum is " << sum << "\n";

    // Tasks that start together: the event is set when all of them wait.
    auto racers = client.map(
        [](int number) {
          tutti::Event("start").wait();
          tutti::Lock finish("finish");
          const std::lock_guard guard(finish);
          tutti::Variable<int> place("place");
          place.set(place.get() + 1);
          return number;
        },
        tutti::range(10));
    tutti::Variable<int>("place").set(0);
    tutti::Event("start").set();
    client.gather(racers);
    const int arrived = tutti::Variable<int>("place").get();
    std::cout << arrived << " racers have arrived\n";
    return sum == 196 && arrived == 10 ? 0 : 1;
  });
}
