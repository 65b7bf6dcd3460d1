#include "client/element_slices.hpp"

#include "tutti/detail/elements.hpp"

#include <algorithm>
#include <utility>

namespace tutti::client_module {

using detail::GroupState;
using detail::Target;
using detail::ValuePtr;

namespace {

/// Elements that nobody wants travel between others up to this size, in bytes.
constexpr std::uint64_t gap_bytes_max = 4 << 10;

/// Bytes of `count` elements of the stretch, rounded up.
std::uint64_t share_of(const HeldStretch& stretch, std::uint64_t count) {
  const std::uint64_t each = (stretch.bytes + stretch.count - 1) / stretch.count;
  return std::min(stretch.bytes, each * count);
}

}  // namespace

std::uint64_t ElementSlice::bytes() const { return share_of(stretch, count); }

void order_elements(std::vector<Target>& elements) {
  const auto place = [](const Target& each) { return std::pair(each.handle, each.index); };
  std::ranges::sort(elements, {}, place);
  const auto again = std::ranges::unique(elements, {}, place);
  elements.erase(again.begin(), again.end());
}

std::vector<ElementSlice> slices_of(std::span<const Target> elements,
                                    const std::function<HeldStretch(const Target&)>& stretch_of) {
  std::vector<ElementSlice> slices;
  std::size_t first = 0;  // the place in `elements` of the first one of the last slice
  for (std::size_t place = 0; place < elements.size(); ++place) {
    const Target& each = elements[place];
    const bool goes_on = !slices.empty() && slices.back().group == each.handle &&
                         each.index - slices.back().stretch.begin < slices.back().stretch.count;
    const HeldStretch stretch = goes_on ? slices.back().stretch : stretch_of(each);
    if (goes_on) {
      ElementSlice& last = slices.back();
      const std::uint64_t gap = each.index - (last.begin + last.count);
      if (share_of(stretch, gap) <= gap_bytes_max) {
        last.count = each.index - last.begin + 1;
        last.wanted = elements.subspan(first, place - first + 1);
        continue;
      }
    }
    first = place;
    slices.push_back({static_cast<GroupState*>(each.handle), stretch, each.index, 1,
                      elements.subspan(place, 1)});
  }
  return slices;
}

void keep_slice(const ElementSlice& slice, const ValuePtr& value) {
  const auto& elements = static_cast<const detail::ElementsBase&>(*value);
  // A holder on this rank gives all that it has.
  if (elements.begin == slice.stretch.begin && elements.count == slice.stretch.count) {
    slice.group->here.try_emplace(elements.begin, value);
    return;
  }
  for (const Target& each : slice.wanted) slice.group->singles.try_emplace(each.index, value);
}

}  // namespace tutti::client_module
