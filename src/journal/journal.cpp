#include "journal/journal.hpp"

#include "journal/segment.hpp"
#include "journal/view.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

namespace tutti::journal {
namespace {

void make_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure || !std::filesystem::is_directory(folder)) {
    throw Error(ErrorCode::io, "could not make the folder '" + folder.string() +
                                   "' of the journal: " + failure.message() +
                                   "; choose another path for the option journal");
  }
}

/// What a killed run left, made good.
class Recovery {
 public:
  Recovery(const Paths& paths, Archive& archive,
           const std::function<void(const std::string&)>& warn)
      : paths_(paths), archive_(archive), warn_(warn) {}

  RecorderStart run() {
    Files files = files_of(paths_);
    for (const std::filesystem::path& each : files.unfinished) remove_file(each);
    for (const std::uint64_t number : files.written_parts) {
      if (adopt(number)) files.parts.push_back(number);
    }
    std::ranges::sort(files.parts);
    for (const std::uint64_t number : files.parts) add_part(number);
    if (!files.parts.empty()) start_.part = files.parts.back() + 1;
    if (!files.segments.empty()) start_.segment = files.segments.back() + 1;
    recover_segments(files.segments);
    for (const PartSummary& part : start_.parts) {
      for (const std::uint64_t segment : part.segments)
        start_.segment = std::max(start_.segment, segment + 1);
      for (const SequenceRange& range : part.sequences)
        start_.sequence = std::max(start_.sequence, range.first + range.count);
    }
    const bool has_view = std::filesystem::exists(paths_.view());
    if (sealed_ || (!has_view && !start_.parts.empty())) write_view(paths_, start_.parts);
    return std::move(start_);
  }

 private:
  /// A part that was written and perhaps not on the disk when the last run ended. True when all of
  /// it is there.
  bool adopt(std::uint64_t number) {
    const std::filesystem::path written = paths_.written_part(number);
    std::string problem;
    try {
      const std::vector<std::string> problems = Part(written, number).verify();
      if (!problems.empty()) problem = problems.front();
    } catch (const Error& error) {
      problem = error.what();
    }
    sealed_ = true;
    if (problem.empty()) {
      put_in_place(written, paths_.part(number));
      return true;
    }
    warn_("the last run of the journal '" + paths_.folder().string() +
          "' ended before its last results were on the disk; they are lost: " + problem);
    remove_file(written);
    return false;
  }

  void add_part(std::uint64_t number) {
    const Part part(paths_.part(number), number);
    archive_.add(part);
    start_.parts.push_back(part.summary());
  }

  /// First looks at all, so that nothing is changed when something is damaged.
  void recover_segments(const std::vector<std::uint64_t>& segments) {
    std::set<std::uint64_t> sealed;
    for (const PartSummary& part : start_.parts)
      sealed.insert(part.segments.begin(), part.segments.end());
    std::vector<std::unique_ptr<MappedFile>> mapped;
    std::vector<SegmentContents> contents;
    std::string damages;
    for (const std::uint64_t number : segments) {
      mapped.push_back(std::make_unique<MappedFile>(paths_.segment(number)));
      contents.push_back(sealed.contains(number) ? SegmentContents{}
                                                 : read_segment(mapped.back()->bytes()));
      const std::string told = tell_damages(paths_.segment(number), contents.back().scan);
      if (!told.empty()) damages += (damages.empty() ? "" : "; ") + told;
    }
    tell_torn_in_the_middle(segments, contents, damages);
    if (!damages.empty()) {
      throw Error(
          ErrorCode::corrupt_data,
          "the journal '" + paths_.folder().string() + "' is damaged: " + damages +
              ". No killed run leaves this: look after the disk. Bring the file back from a "
              "copy, or give up what is lost by `tutti journal verify --repair " +
              paths_.folder().string() + "`");
    }
    for (std::size_t each = 0; each < segments.size(); ++each)
      seal_left(segments[each], contents[each]);
  }

  /// A segment whose end is bad is the last one that holds anything.
  void tell_torn_in_the_middle(const std::vector<std::uint64_t>& segments,
                               const std::vector<SegmentContents>& contents,
                               std::string& damages) const {
    bool valid_follows = false;
    for (std::size_t each = segments.size(); each-- > 0;) {
      const Scan& scan = contents[each].scan;
      if (scan.torn_bytes != 0 && valid_follows) {
        damages += (damages.empty() ? "'" : "; '") + paths_.segment(segments[each]).string() +
                   "' is damaged from byte " + std::to_string(scan.valid_bytes) +
                   " to its end: lost is what stood there, before '" +
                   paths_.segment(segments[each + 1]).filename().string() + "'";
      }
      valid_follows = valid_follows || scan.valid_bytes != 0;
    }
  }

  void seal_left(std::uint64_t number, const SegmentContents& contents) {
    if (contents.scan.torn_bytes != 0) {
      warn_("the last run of the journal '" + paths_.folder().string() +
            "' ended while it wrote: " + std::to_string(contents.scan.torn_bytes) +
            " bytes of a result that was not complete were cut off");
    }
    std::optional<PartSummary> summary = seal_segment(paths_, number, contents, start_.part);
    sealed_ = true;
    if (!summary) return;
    add_part(start_.part++);
  }

  const Paths& paths_;
  Archive& archive_;
  const std::function<void(const std::string&)>& warn_;
  RecorderStart start_;
  bool sealed_ = false;
};

}  // namespace

Files files_of(const Paths& paths) {
  Files files;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(paths.folder(), failure)) {
    const std::string name = entry.path().filename().string();
    if (const auto part = Paths::part_number(name)) files.parts.push_back(*part);
    if (const auto part = Paths::written_part_number(name)) files.written_parts.push_back(*part);
    if (const auto segment = Paths::segment_number(name)) files.segments.push_back(*segment);
    if (Paths::is_unfinished(name)) files.unfinished.push_back(entry.path());
  }
  if (failure) {
    throw Error(ErrorCode::io, "could not look into the folder '" + paths.folder().string() +
                                   "' of a journal: " + failure.message());
  }
  std::ranges::sort(files.parts);
  std::ranges::sort(files.written_parts);
  std::ranges::sort(files.segments);
  return files;
}

Journal::Journal(const std::string& path, RecorderOptions options)
    : paths_(path), archive_(paths_) {
  make_folder(paths_.folder());
  lock_ = std::make_unique<Lock>(paths_.lock());
  if (!lock_->takeover().empty()) options.warn(lock_->takeover());
  RecorderStart start = Recovery(paths_, archive_, options.warn).run();
  recorder_ = std::make_unique<Recorder>(paths_, std::move(options), std::move(start));
}

void Journal::close() {
  if (!lock_) return;
  recorder_->close();
  lock_.reset();
}

}  // namespace tutti::journal
