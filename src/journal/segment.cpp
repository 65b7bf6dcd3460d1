#include "journal/segment.hpp"

#include "tutti/error.hpp"

#include <map>
#include <numeric>
#include <utility>

namespace tutti::journal {
namespace {

[[noreturn]] void throw_bad(const char* what) { throw Error(ErrorCode::corrupt_data, what); }

/// Puts records in their order into contents.
class Collector {
 public:
  explicit Collector(SegmentContents& contents) : contents_(contents) {}

  void operator()(const Frame& frame) {
    std::visit([&](auto& record) { add(frame.sequence, record); },
               *std::make_unique<Record>(decode(frame.payload)));
  }

 private:
  void add(std::uint64_t, Definition& definition) {
    const auto known = numbers_.find(definition.number);
    if (known != numbers_.end()) {
      if (contents_.series[known->second] != definition.series)
        throw_bad("two series of a segment of the journal have one number");
      return;
    }
    numbers_[definition.number] = contents_.series.size();
    contents_.series.push_back(std::move(definition.series));
  }
  void add(std::uint64_t sequence, Results& results) {
    Block block = begin(sequence, results.series, results.first_index, results.circumstances);
    check_bytes(results, contents_.series[block.series].layout);
    block.keys = std::move(results.keys);
    block.row_bytes = std::move(results.row_bytes);
    if (!results.bytes.empty())
      block.pieces.push_back({results.bytes.data(), results.bytes.size(), false});
    contents_.blocks.push_back(std::move(block));
  }
  void add(std::uint64_t sequence, Failure& failure) {
    Block block = begin(sequence, failure.series, failure.index, failure.circumstances);
    block.keys.push_back(failure.key);
    block.failure = std::move(failure);
    contents_.blocks.push_back(std::move(block));
  }
  Block begin(std::uint64_t sequence, std::uint32_t series, std::uint64_t index,
              const Circumstances& circumstances) const {
    const auto number = numbers_.find(series);
    if (number == numbers_.end()) throw_bad("results of the journal are of an unknown series");
    Block block;
    block.series = number->second;
    block.sequence = sequence;
    block.first_index = index;
    block.circumstances = circumstances;
    return block;
  }
  static void check_bytes(const Results& results, const Layout& layout) {
    const std::uint64_t size = std::max<std::uint64_t>(1, hdf5::size_of(layout.type));
    const bool varies = layout.has_results() && layout.count == 0;
    std::uint64_t left = results.bytes.size();
    bool good = results.row_bytes.size() == (varies ? results.keys.size() : 0);
    for (const std::uint64_t bytes : results.row_bytes) {
      good = good && bytes % size == 0 && bytes <= left;
      left -= good ? bytes : 0;
    }
    // No overflow: a frame is smaller than that.
    if (!varies) {
      good = good && (layout.row_bytes() == 0 || left / layout.row_bytes() == results.keys.size());
      left -= good ? results.keys.size() * layout.row_bytes() : 0;
    }
    if (!good || left != 0) throw_bad("results of the journal are not as long as they should be");
  }

  SegmentContents& contents_;
  std::map<std::uint32_t, std::size_t> numbers_;
};

}  // namespace

SegmentContents read_segment(std::span<const std::byte> bytes) {
  SegmentContents contents;
  Collector collector(contents);
  contents.scan = scan(bytes, [&](const Frame& frame) { collector(frame); });
  return contents;
}

std::string tell_damages(const std::filesystem::path& path, const Scan& scan) {
  std::string text;
  for (const Damage& damage : scan.damages) {
    text += text.empty() ? "" : "; ";
    text += "'" + path.string() + "' is damaged from byte " + std::to_string(damage.begin) +
            " to " + std::to_string(damage.end) + ": lost are results ";
    text += damage.has_before
                ? "behind number " + std::to_string(damage.sequence_before) + " and before number "
                : "before number ";
    text += std::to_string(damage.sequence_after);
  }
  return text;
}

}  // namespace tutti::journal
