#include "client/element_slices.hpp"

#include "tutti/detail/elements.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace tutti::client_module {
namespace {

using detail::GroupState;
using detail::Target;
using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

/// Two stretches of 100 elements, the second on another rank.
struct TwoStretches {
  std::uint64_t bytes_each = 0;
  int questions = 0;

  std::vector<ElementSlice> slices(std::vector<Target>& elements) {
    order_elements(elements);
    return slices_of(elements, [this](const Target& each) {
      ++questions;
      const std::uint64_t begin = each.index / 100 * 100;
      return HeldStretch{begin, 100, 100 * bytes_each, begin == 0 ? 1 : 2};
    });
  }
};

Ranges ranges(const std::vector<ElementSlice>& slices) {
  Ranges all;
  for (const ElementSlice& each : slices) all.emplace_back(each.begin, each.count);
  return all;
}

TEST_CASE("all elements of a map come stretch by stretch") {
  GroupState group;
  std::vector<Target> elements;
  for (std::uint64_t index = 200; index-- > 0;) elements.push_back({&group, index});
  elements.push_back(elements.front());
  TwoStretches two{.bytes_each = 1 << 20};
  const auto slices = two.slices(elements);
  CHECK(ranges(slices) == Ranges{{0, 100}, {100, 100}});
  CHECK(two.questions == 2);
  CHECK(slices[1].wanted.size() == 100);
  CHECK(slices[1].stretch.holder == 2);
  CHECK(slices[1].bytes() == 100u << 20);
}

TEST_CASE("small gaps travel along, large ones do not, and each slice has its share of bytes") {
  GroupState group;
  std::vector<Target> elements{{&group, 50}, {&group, 3}, {&group, 8}, {&group, 104}};
  TwoStretches small{.bytes_each = 1024};
  const auto slices = small.slices(elements);
  CHECK(ranges(slices) == Ranges{{3, 6}, {50, 1}, {104, 1}});
  CHECK(slices[0].wanted.size() == 2);
  CHECK(slices[0].bytes() == 6 * 1024);
  TwoStretches large{.bytes_each = 1025};
  CHECK(ranges(large.slices(elements)) == Ranges{{3, 1}, {8, 1}, {50, 1}, {104, 1}});
  TwoStretches empty;
  CHECK(ranges(empty.slices(elements)) == Ranges{{3, 48}, {104, 1}});
}

TEST_CASE("elements of several maps stay apart") {
  GroupState one;
  GroupState other;
  std::vector<Target> elements{{&one, 1}, {&other, 2}, {&one, 2}};
  TwoStretches two{.bytes_each = 8};
  CHECK(two.slices(elements).size() == 2);
}

TEST_CASE("what arrived first stays, of whole stretches and of parts") {
  GroupState group;
  std::vector<Target> elements{{&group, 3}, {&group, 5}};
  TwoStretches two{.bytes_each = 8};
  const ElementSlice slice = two.slices(elements).front();
  const detail::ValuePtr part(new detail::Elements<int>(3, 3));
  keep_slice(slice, part);
  CHECK(group.singles.size() == 2);
  keep_slice(slice, detail::ValuePtr(new detail::Elements<int>(3, 3)));
  CHECK(group.singles.at(5).get() == part.get());
  const detail::ValuePtr whole(new detail::Elements<int>(0, 100));
  keep_slice(slice, whole);
  keep_slice(slice, detail::ValuePtr(new detail::Elements<int>(0, 100)));
  CHECK(group.here.at(0).get() == whole.get());
}

}  // namespace
}  // namespace tutti::client_module
