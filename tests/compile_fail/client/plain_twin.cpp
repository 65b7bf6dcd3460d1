// The same calls as they should be.
// expect success

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

struct Account {
  int amount = 0;
  int sum() const { return amount; }
};
void call(tutti::Client& client, const std::string& text) {
  (void)client.submit(
      [](const std::string& each, int x) { return each.size() + static_cast<std::size_t>(x); },
      text, 1);
  (void)client.map([](const std::string& each) { return each.size(); },
                   std::vector<std::string>{text});
  (void)client.submit([](const Account& account) { return account.sum(); }, Account{3});
  (void)client.map([](int x) { return x; }, tutti::range(3));
  const auto lazy = tutti::delayed([](int x) { return x; })(1);
  const auto more =
      tutti::delayed([](const std::vector<int>& x) { return x.size(); })(std::vector{lazy});
  (void)tutti::compute(lazy < 3, more);
  tutti::Graph graph;
  const auto node = graph.add([](int x) { return x; }, 1);
  (void)graph.compute(graph.add([](int x) { return x; }, node));
}
