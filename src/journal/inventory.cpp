#include "journal/inventory.hpp"

#include "journal/segment.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

namespace tutti::journal {
namespace {

std::string holder_now(const Paths& paths) {
  std::ifstream file(paths.lock(), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) return {};
  const Holder holder = holder_of(text);
  const bool gone =
      judge(holder, this_process(), start_of(holder.process)) == LockState::free_to_take;
  return "process " + std::to_string(holder.process) + " on " + holder.host +
         (holder.job.empty() ? "" : " (job " + holder.job + ")") + " since " + holder.since +
         (gone ? ", which is gone" : "");
}

/// A part, or why it is none.
std::optional<PartSummary> look_at_part(const std::filesystem::path& path, std::uint64_t number,
                                        bool thoroughly, std::vector<std::string>& problems) {
  try {
    const Part part(path, number);
    if (thoroughly) {
      for (std::string& each : part.verify()) problems.push_back(std::move(each));
    }
    return part.summary();
  } catch (const Error& error) {
    problems.emplace_back(error.what());
    return std::nullopt;
  }
}

void require_journal(const Paths& paths) {
  if (std::filesystem::is_directory(paths.folder())) return;
  throw Error(ErrorCode::io,
              "there is no journal '" + paths.folder().string() +
                  "'; its path is the one that the option journal (TUTTI_JOURNAL) had");
}

/// Contents without damages: the frames that are valid.
std::vector<ConstBuffer> valid_frames(std::span<const std::byte> bytes) {
  std::vector<ConstBuffer> frames;
  (void)scan(bytes, [&](const Frame& frame) {
    frames.push_back(
        {bytes.data() + frame.offset, sizeof(FrameHeader) + frame.payload.size(), false});
  });
  return frames;
}

}  // namespace

Inventory take_inventory(const Paths& paths, bool thoroughly) {
  require_journal(paths);
  Inventory inventory;
  inventory.holder = holder_now(paths);
  const Files files = files_of(paths);
  inventory.written = files.written_parts;
  for (const std::uint64_t number : files.parts) {
    auto part = look_at_part(paths.part(number), number, thoroughly, inventory.problems);
    if (part) inventory.parts.push_back(std::move(*part));
  }
  for (const std::uint64_t number : files.segments) {
    const bool is_last = number == files.segments.back();
    try {
      const MappedFile mapped(paths.segment(number));
      const SegmentContents contents = read_segment(mapped.bytes());
      Inventory::Segment segment{number, mapped.bytes().size(), 0, contents.scan.torn_bytes};
      for (const Block& block : contents.blocks) segment.results += block.keys.size();
      inventory.segments.push_back(segment);
      std::string told = tell_damages(paths.segment(number), contents.scan);
      if (!told.empty()) inventory.problems.push_back(std::move(told));
      if (segment.torn_bytes != 0 && !is_last) {
        inventory.problems.push_back("'" + paths.segment(number).string() +
                                     "' is damaged from byte " +
                                     std::to_string(contents.scan.valid_bytes) + " to its end");
      }
    } catch (const Error& error) {
      inventory.problems.emplace_back(error.what());
    }
  }
  return inventory;
}

std::vector<std::string> repair(const Paths& paths) {
  require_journal(paths);
  const Lock lock(paths.lock());
  std::vector<std::string> sentences;
  const Files files = files_of(paths);
  for (const std::uint64_t number : files.parts) {
    std::vector<std::string> problems;
    if (look_at_part(paths.part(number), number, false, problems)) continue;
    std::filesystem::path aside = paths.part(number);
    aside += ".damaged";
    rename_file(paths.part(number), aside);
    sentences.push_back(problems.front() + "; it was renamed to '" + aside.filename().string() +
                        "', and its results are lost");
  }
  for (const std::uint64_t number : files.segments) {
    const std::filesystem::path path = paths.segment(number);
    const std::filesystem::path unfinished = paths.folder() / "part-repair.h5.tmp";
    {
      const MappedFile mapped(path);
      const Scan found = scan(mapped.bytes(), [](const Frame&) {});
      if (found.damages.empty() && found.torn_bytes == 0) continue;
      remove_file(unfinished);
      AppendedFile(unfinished).append(valid_frames(mapped.bytes()));
      const std::string told = tell_damages(path, found);
      sentences.push_back(told.empty()
                              ? "'" + path.string() + "': " + std::to_string(found.torn_bytes) +
                                    " bytes at its end were cut off"
                              : told + "; the rest was kept");
    }
    put_in_place(unfinished, path);
  }
  return sentences;
}

}  // namespace tutti::journal
