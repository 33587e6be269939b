// SPDX-License-Identifier: MIT
#include "runtime/noted_spec.hpp"

#include <string>

#include "runtime/small_file.hpp"

namespace aludel {

namespace {

std::filesystem::path file_in(const std::filesystem::path& host_directory) {
  return host_directory / "processor.json";
}

// The children work in this process's folder too; if even that is gone, the path as it is will say so.
std::filesystem::path whole_path(const std::filesystem::path& path) {
  std::error_code failure;
  auto whole = std::filesystem::absolute(path, failure);
  return failure ? path : whole;
}

}  // namespace

void place(ProcessorSpec& spec, const DataDirectory& data) {
  spec.directory = whole_path(data.processor(spec.name));
  spec.host_directory = whole_path(data.host_folder(spec.name));
  spec.log = whole_path(data.log());
  spec.library = whole_path(spec.library);
}

Result<void> note_spec(const ProcessorSpec& spec) {
  return replace_file(file_in(spec.host_directory), to_json(spec));
}

Result<ProcessorSpec> noted_spec(const DataDirectory& data, std::string_view name) {
  const auto file = file_in(data.host_folder(name));
  const auto text = read_file(file);
  if (!text) return text.error();
  auto spec = parse_spec(*text);
  if (!spec) return spec.error().within("read " + file.string());
  spec->name = name;
  place(*spec, data);
  return spec;
}

}  // namespace aludel
