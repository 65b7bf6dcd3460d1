// Actors: an object that lives on one worker, and whose methods are called from anywhere.
//
//   mpirun -n 4 ./13_actors

#include <tutti/tutti.hpp>

#include <iostream>
#include <map>
#include <string>
#include <vector>

/// Counts words. It holds state between calls, and needs neither be copied nor sent.
class WordCount {
 public:
  void add(const std::string& word) { ++counts_[word]; }
  int count(const std::string& word) const {
    const auto found = counts_.find(word);
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  std::map<std::string, int> counts_;
};

/// A task: reads its text, and tells the actor of each word.
int read_words(const tutti::Actor<WordCount>& counts, const std::vector<std::string>& text) {
  for (const std::string& word : text) counts.call(&WordCount::add, word);
  return static_cast<int>(text.size());
}

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    const auto counts = client.actor<WordCount>({.name = "counts"});
    const std::vector<std::vector<std::string>> texts{
        {"all", "play", "together"}, {"one", "plays", "alone"}, {"all", "for", "one"}};
    std::vector<tutti::Future<int>> tasks;
    for (const auto& text : texts) tasks.push_back(client.submit(read_words, counts, text));
    int words = 0;
    for (const int each : client.gather(tasks)) words += each;
    // These come behind the calls of the tasks, which have ended.
    const int all = counts.call(&WordCount::count, std::string("all")).result();
    const int one = counts.call(&WordCount::count, std::string("one")).result();
    std::cout << words << " words; 'all' came " << all << " times, 'one' " << one << " times\n";
    return words == 9 && all == 2 && one == 2 ? 0 : 1;
  });
}
