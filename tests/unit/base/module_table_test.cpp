#include "base/module_table.hpp"

#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using tutti::Error;
using tutti::ErrorCode;
using namespace tutti::base;
using namespace tutti::detail;

namespace {

int twice(int number) { return 2 * number; }

constexpr std::array<int, 3> table{1, 2, 3};

template <class Function>
const void* pointer_of(Function* function) {
  return reinterpret_cast<const void*>(function);
}

template <class Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return {ErrorCode::io, "no error"};
}

/// A folder with shared libraries that the test compiles itself.
class Libraries {
 public:
  Libraries() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tutti-test-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
  }
  ~Libraries() { std::filesystem::remove_all(folder_); }
  Libraries(const Libraries&) = delete;
  Libraries& operator=(const Libraries&) = delete;

  /// Compiles a library with a function `answer` that returns `result`, and gives its path.
  std::string build(const std::string& name, int result,
                    const std::string& flags = "-Wl,--build-id") const {
    const std::filesystem::path source = folder_ / "source.cpp";
    std::ofstream(source) << "extern \"C\" int answer() { return " << result << "; }\n"
                          << "int answer_of_namespace(int) { return 1; }\n";
    const std::filesystem::path library = folder_ / name;
    const std::string command =
        "c++ -shared -fPIC " + flags + " -o " + library.string() + " " + source.string();
    REQUIRE(std::system(command.c_str()) == 0);
    return library.string();
  }

 private:
  std::filesystem::path folder_;
};

class Loaded {
 public:
  explicit Loaded(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    REQUIRE(handle_ != nullptr);
  }
  ~Loaded() { dlclose(handle_); }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  const void* find(const char* name) const { return dlsym(handle_, name); }

 private:
  void* handle_;
};

int call(const void* function) {
  return reinterpret_cast<int (*)()>(const_cast<void*>(function))();
}

}  // namespace

/// Sanitizer builds keep libraries that were closed, so that leaks can be told whose they are.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool libraries_stay = true;
#else
constexpr bool libraries_stay = false;
#endif

TEST_CASE(
    "functions, lambdas and constant objects of the program keep their address through a token") {
  const auto lambda = +[](int number) { return number + 1; };
  for (const void* address :
       {pointer_of(&twice), pointer_of(lambda), static_cast<const void*>(&table)}) {
    const FunctionToken token = token_of(address);
    CHECK(token.module == token_of(pointer_of(&twice)).module);
    CHECK(address_of(token) == address);
  }
  CHECK(function_address_of(token_of(pointer_of(&twice))) == pointer_of(&twice));
  CHECK(token_of(nullptr) == FunctionToken{});
  CHECK(address_of(FunctionToken{}) == nullptr);
}

TEST_CASE("a function of a library that was there at the start keeps its address too") {
  const void* function = dlsym(RTLD_DEFAULT, "getpid");
  REQUIRE(function != nullptr);
  CHECK(address_of(token_of(function)) == function);
}

TEST_CASE("what belongs to no module has no token") {
  const int local = 0;
  const Error error = error_of([&] { token_of(&local); });
  CHECK(error.code() == ErrorCode::cannot_travel);
  CHECK(std::string(error.what()).find("belongs to no loaded program or library") !=
        std::string::npos);
}

TEST_CASE("a token with a bad offset or a bad module is an error") {
  FunctionToken token = token_of(pointer_of(&twice));
  token.offset = std::uint64_t{1} << 60;
  CHECK(error_of([&] { address_of(token); }).code() == ErrorCode::corrupt_data);
  token.offset = ~std::uint64_t{0};
  CHECK(error_of([&] { address_of(token); }).code() == ErrorCode::corrupt_data);
  const Error unknown =
      error_of([] { address_of({.module = 0x1234, .offset = 0x10}, "/usr/lib/libstrange.so"); });
  CHECK(unknown.code() == ErrorCode::different_binary);
  CHECK(std::string(unknown.what()) ==
        "a function at offset 0x10 of the library libstrange.so (build id 0x1234...) was sent to "
        "this rank, but it is not "
        "loaded here: link the program with it, or load it with dlopen on every rank, for example "
        "by client.run, before "
        "its functions are submitted");
}

TEST_CASE("a pointer to data is not read as a function") {
  tutti::Writer writer;
  write_function_pointer(writer, pointer_of(&twice));
  write_function_pointer(writer, nullptr);
  write_function_pointer(writer, &table);
  tutti::Reader reader(writer.bytes());
  CHECK(read_function_pointer(reader) == pointer_of(&twice));
  CHECK(read_function_pointer(reader) == nullptr);
  // Some linkers place constants beside the code, where the check cannot tell them apart.
  const Error error = error_of([&] { read_function_pointer(reader); });
  const bool in_code = error.code() == ErrorCode::io;
  CHECK((in_code || error.code() == ErrorCode::corrupt_data));
}

TEST_CASE("a library that is loaded later is found, and no longer after it was unloaded" *
          doctest::skip(libraries_stay)) {
  const Libraries libraries;
  const std::string path = libraries.build("liblate.so", 42);
  FunctionToken token;
  {
    const Loaded library(path);
    const void* answer = library.find("answer");
    token = token_of(answer);
    CHECK(token.module != token_of(pointer_of(&twice)).module);
    CHECK(function_address_of(token) == answer);
    CHECK(call(function_address_of(token)) == 42);
    CHECK(module_name(answer) == "liblate.so");
    CHECK(symbol_name(answer) == "answer");
  }
  CHECK(error_of([&] { address_of(token); }).code() == ErrorCode::different_binary);
  const Loaded again(path);
  CHECK(address_of(token) == again.find("answer"));
}

TEST_CASE("another build of a library is told from the one whose functions were sent" *
          doctest::skip(libraries_stay)) {
  const Libraries libraries;
  FunctionToken token;
  {
    const Loaded first(libraries.build("libtwin.so", 1));
    token = token_of(first.find("answer"));
  }
  const Loaded second(libraries.build("libtwin.so", 2));
  CHECK(token_of(second.find("answer")).module != token.module);
  const Error error = error_of([&] { address_of(token, "libtwin.so"); });
  CHECK(error.code() == ErrorCode::different_binary);
  CHECK(std::string(error.what()).find("is another build") != std::string::npos);
}

TEST_CASE(
    "libraries without a build id are told apart by their code, and copies are the same wherever "
    "they lie") {
  const Libraries libraries;
  const std::string flags = "-Wl,--build-id=none";
  const Loaded first(libraries.build("liba.so", 1, flags));
  const Loaded second(libraries.build("libb.so", 2, flags));
  const Loaded copy(libraries.build("libc1.so", 1, flags));
  const FunctionToken token = token_of(first.find("answer"));
  CHECK(token.module != token_of(second.find("answer")).module);
  CHECK(token == token_of(copy.find("answer")));
  CHECK(call(address_of(token)) == 1);
  CHECK(call(address_of(token_of(second.find("answer")))) == 2);
}

TEST_CASE("names are demangled, those of functions that are not exported too") {
  const Libraries libraries;
  const Loaded library(libraries.build("libnames.so", 1));
  CHECK(symbol_name(library.find("_Z19answer_of_namespacei")) == "answer_of_namespace(int)");
  CHECK(symbol_name(pointer_of(&twice)).find("twice(") != std::string::npos);
  CHECK(symbol_name(nullptr).empty());
  CHECK(module_name(nullptr).empty());
}

TEST_CASE("the identity of the program is a number that stays") {
  CHECK(program_identity() != 0);
  CHECK(program_identity() == program_identity());
  CHECK(module_summary().find("program: /") == 0);
}

TEST_CASE("threads may ask while libraries come and go") {
  const Libraries libraries;
  const std::string path = libraries.build("libcoming.so", 7);
  const void* address = pointer_of(&twice);
  std::vector<std::jthread> threads;
  std::array<bool, 3> good{};
  for (bool& each : good) {
    threads.emplace_back([&each, address] {
      each = true;
      for (int i = 0; i < 20'000; ++i) each = each && address_of(token_of(address)) == address;
    });
  }
  for (int i = 0; i < 20; ++i) {
    const Loaded library(path);
    CHECK(call(address_of(token_of(library.find("answer")))) == 7);
  }
  threads.clear();
  for (const bool each : good) CHECK(each);
}

TEST_CASE("prints a token for the test below" * doctest::skip()) {
  const FunctionToken token = token_of(pointer_of(&twice));
  std::printf("token %llx %llx identity %llx\n", static_cast<unsigned long long>(token.module),
              static_cast<unsigned long long>(token.offset),
              static_cast<unsigned long long>(program_identity()));
}

TEST_CASE("another process of the same program gives the same token") {
  const FunctionToken token = token_of(pointer_of(&twice));
  std::array<char, 200> expected{};
  std::snprintf(expected.data(), expected.size(), "token %llx %llx identity %llx\n",
                static_cast<unsigned long long>(token.module),
                static_cast<unsigned long long>(token.offset),
                static_cast<unsigned long long>(program_identity()));
  const std::string command = std::filesystem::read_symlink("/proc/self/exe").string() +
                              " --no-skip --test-case='prints a token for the test below'";
  const std::unique_ptr<FILE, int (*)(FILE*)> output(popen(command.c_str(), "r"), &pclose);
  REQUIRE(output != nullptr);
  std::string text;
  for (int letter = std::fgetc(output.get()); letter != EOF; letter = std::fgetc(output.get())) {
    text += static_cast<char>(letter);
  }
  CHECK(text.find(expected.data()) != std::string::npos);
}
