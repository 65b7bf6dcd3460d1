// Elements of a map that throw are called again.

#include "worker/element_attempts.hpp"

#include "worker/task_context.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <vector>

namespace tutti::worker {
namespace {

/// Element `index` needs `needs[index]` attempts; 0: its source failed.
struct Elements {
  std::vector<int> needs;
  std::map<std::uint64_t, int> calls;

  std::vector<std::uint64_t> run(int retries) {
    detail::RangeCall call;
    call.count = needs.size();
    call_with_retries(call, retries, [&](int number) {
      for (std::uint64_t index = call.begin; index < call.begin + call.count; ++index) {
        const int needed = needs[static_cast<std::size_t>(index)];
        ++calls[index];
        CHECK_EQ(calls[index], number);
        if (number < needed || needed == 0) call.failures.push_back({index, "", "", needed == 0});
      }
    });
    std::vector<std::uint64_t> failed;
    for (const detail::ElementFailure& each : call.failures) failed.push_back(each.index);
    return failed;
  }
};

TEST_CASE("each element is called until it is good, or its attempts are used up") {
  Elements elements{{1, 3, 2, 4, 1}, {}};
  CHECK(elements.run(2) == std::vector<std::uint64_t>{3});
  CHECK(elements.calls == std::map<std::uint64_t, int>{{0, 1}, {1, 3}, {2, 2}, {3, 3}, {4, 1}});
}

TEST_CASE("without retries each is called once") {
  Elements elements{{1, 2}, {}};
  CHECK(elements.run(0) == std::vector<std::uint64_t>{1});
}

TEST_CASE("what failed with its source is not called again, and is told in order") {
  Elements elements{{9, 0, 9, 0}, {}};
  CHECK(elements.run(3) == std::vector<std::uint64_t>{0, 1, 2, 3});
  CHECK_EQ(elements.calls[1], 1);
  CHECK_EQ(elements.calls[2], 4);
}

TEST_CASE("a limit is over when its time has come, once, and begins anew") {
  std::int64_t word = 0;
  ElementLimit limit(word);
  const auto later = ElementLimit::Clock::now() + std::chrono::hours(2);
  CHECK_FALSE(limit.end_in_time(later));
  limit.begin(std::chrono::hours(1));
  CHECK_FALSE(limit.end_in_time(ElementLimit::Clock::now()));
  CHECK_FALSE(limit.is_over());
  CHECK(limit.end_in_time(later));
  CHECK_FALSE(limit.end_in_time(later));
  CHECK(limit.is_over());
  limit.begin(std::chrono::hours(1));
  CHECK_FALSE(limit.is_over());
}

}  // namespace
}  // namespace tutti::worker
