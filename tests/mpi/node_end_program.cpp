// Holds memory of the node on all ranks, tells the process numbers of all, and waits to be ended.
// With "throw" or "exit" as second argument it ends itself. Started by node_end_test.sh.

#include <tutti/tutti.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [&](tutti::Client& client) {
    const auto shared = client.broadcast(std::vector<double>(1 << 20, 1.0));
    const auto more = client.broadcast(std::vector<double>(1 << 20, 4.0));
    const auto made = client.submit([] { return std::vector<double>(1 << 20, 2.0); });
    const auto look = [](const std::vector<double>& a, const std::vector<double>& b,
                         const std::vector<double>& c) {
      if (a.back() + b.back() + c.back() != 7) throw std::runtime_error("wrong values");
      return static_cast<int>(::getpid());
    };
    const std::vector<int> pids = client.run(look, shared, more, made);
    const std::string file = argv[1];
    {
      std::ofstream out(file + ".part");
      for (const int pid : pids) out << pid << "\n";
    }
    std::rename((file + ".part").c_str(), file.c_str());
    const std::string how = argv[2];
    if (how == "throw") throw std::runtime_error("an end by exception");
    if (how == "exit") std::exit(3);
    if (how == "return") return;
    std::this_thread::sleep_for(std::chrono::seconds(60));
  });
}
