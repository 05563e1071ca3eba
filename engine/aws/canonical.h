// The canonical spelling of URLs, which AWS's signatures cover: a request whose URL is spelled
// otherwise is refused. Every URL is built here and sent as it is. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::aws {

// Everything but A-Z a-z 0-9 - . _ ~ as %XX, in upper case.
std::string percent_encode(std::string_view text);
// Encodes the key of an S3 object as the path of its URL: as above, but slashes stay.
std::string encode_path(std::string_view path);
// Undoes percent_encode(), and takes '+' for a blank, as S3 writes keys with encoding-type=url and
// in its notices. A '%' that two hexadecimal digits do not follow stays.
std::string percent_decode(std::string_view text);

using Query = std::vector<std::pair<std::string, std::string>>;
// "a=1&b=": encoded, then sorted by name and value; "" when there is nothing.
std::string canonical_query(const Query& query);
// The same in the order given: a body of type application/x-www-form-urlencoded.
std::string form(const Query& query);

// "https://host" + "/path" + "?query". `path` is encoded already.
std::string build_url(std::string_view base, std::string_view path, const Query& query);

}  // namespace tocsin::aws
