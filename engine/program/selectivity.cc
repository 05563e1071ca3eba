#include "program/selectivity.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <memory>

namespace tocsin::program {
namespace {

constexpr std::string_view kOrdinaryText =
    R"({"eventversion":"1.08","useridentity":{"type":"assumedrole","principalid":"aroa:session",)"
    R"("arn":"arn:aws:sts::123456789012:assumed-role/admin/session","accountid":"123456789012",)"
    R"("accesskeyid":"asia","sessioncontext":{"sessionissuer":{"type":"role","principalid":"aroa",)"
    R"("arn":"arn:aws:iam::123456789012:role/aws-service-role/admin","username":"iamuser"},)"
    R"("webidfederationdata":{},"attributes":{"creationdate":"2024-01-01t00:00:00z",)"
    R"("mfaauthenticated":"false"}},"invokedby":"cloudformation.amazonaws.com"},)"
    R"("eventtime":"2024-01-01t00:00:00z","eventsource":"s3.amazonaws.com ec2 sts kms lambda",)"
    R"("eventname":"getobject putobject listbuckets describeinstances assumerole createuser )"
    R"(updaterole deletebucket decrypt","awsregion":"us-east-1 eu-west-1",)"
    R"("sourceipaddress":"10.0.0.1 internal","useragent":"[aws-cli/2.0 python/3.8 linux botocore )"
    R"(boto3 aws-sdk-go-v2 aws-sdk-java console.amazonaws.com mozilla/5.0 (windows nt 10.0; win64; )"
    R"(x64) applewebkit/537.36 (khtml, like gecko) chrome/120.0.0.0 safari/537.36 terraform]",)"
    R"("errorcode":"accessdenied client.unauthorizedoperation","errormessage":"user: is not )"
    R"(authorized to perform on resource because no identity-based policy allows the action",)"
    R"("requestparameters":{"bucketname":"bucket","host":"key","instanceid":"i-0","policyarn":"",)"
    R"("groupid":"sg-0","filterset":{},"maxresults":100,"rolename":"","functionname":""},)"
    R"("responseelements":null,"additionaleventdata":{"signatureversion":"sigv4",)"
    R"("ciphersuite":"ecdhe-rsa-aes128-gcm-sha256","bytestransferredin":0,"x-amz-id-2":"",)"
    R"("authenticationmethod":"authheader"},"requestid":"","eventid":"","readonly":true,)"
    R"("resources":[{"arn":"","accountid":"","type":"aws::s3::object"}],"eventtype":"awsapicall )"
    R"(awsconsolesignin awsserviceevent","managementevent":true,"recipientaccountid":"",)"
    R"("sharedeventid":"","vpcendpointid":"","eventcategory":"management",)"
    R"("tlsdetails":{"tlsversion":"tlsv1.2","clientprovidedhostheader":""}})"
    // A Windows event.
    R"({"eventid":1,"channel":"microsoft-windows-sysmon/operational","provider_name":"security",)"
    R"("image":"c:\windows\system32\cmd.exe","commandline":"powershell.exe -c c:\users\user\appdata)"
    R"(\local\temp","parentimage":"c:\windows\explorer.exe","targetobject":"hklm\software\microsoft)"
    R"(\windows\currentversion hku\","user":"nt authority\system","company":"microsoft corporation")"
    R"("description":"windows","hashes":"md5= sha256= imphash=","integritylevel":"high",)"
    R"("programfiles":"c:\program files\ c:\program files (x86)\ syswow64 http:// https:// .dll ",)"
    R"("tools":"\reg.exe \net.exe \net1.exe \wmic.exe \pwsh.exe \rundll32.exe \sc.exe ",)"
    R"("details":"dword (0x00000001) dword (0x00000000) "})";

// Fields that nearly every CloudTrail record has.
constexpr std::array<std::string_view, 17> kEverywhere = {"eventVersion",
                                                          "userIdentity",
                                                          "userIdentity.type",
                                                          "eventTime",
                                                          "eventSource",
                                                          "eventName",
                                                          "awsRegion",
                                                          "sourceIPAddress",
                                                          "userAgent",
                                                          "requestID",
                                                          "requestParameters",
                                                          "responseElements",
                                                          "eventID",
                                                          "eventType",
                                                          "recipientAccountId",
                                                          "managementEvent",
                                                          "userIdentity.accountId"};
constexpr std::array<std::string_view, 11> kOften = {"userIdentity.arn",
                                                     "userIdentity.principalId",
                                                     "userIdentity.accessKeyId",
                                                     "userIdentity.userName",
                                                     "userIdentity.invokedBy",
                                                     "readOnly",
                                                     "eventCategory",
                                                     "additionalEventData",
                                                     "resources",
                                                     "tlsDetails",
                                                     "errorCode"};
// Objects: asked for whole, all that is below them has to be read and searched.
constexpr std::array<std::string_view, 5> kObjects = {
    "requestParameters", "responseElements", "userIdentity", "additionalEventData", "resources"};
// What accounts do all day, above all when data events are recorded.
constexpr std::array<std::string_view, 2> kBusiestCalls = {"putobject", "getobject"};
constexpr std::array<std::string_view, 8> kBusyCalls = {
    "headobject",      "assumerole",        "decrypt", "encrypt",
    "generatedatakey", "describeinstances", "invoke",  "getbucketacl"};
constexpr std::array<std::string_view, 4> kBusySources = {"s3.amazonaws.com", "ec2.amazonaws.com",
                                                          "sts.amazonaws.com", "kms.amazonaws.com"};
constexpr std::array<std::string_view, 2> kDenials = {"accessdenied",
                                                      "client.unauthorizedoperation"};
// Fields with few different values.
constexpr std::array<std::string_view, 4> kFewValues = {"userIdentity.type", "awsRegion",
                                                        "eventType", "eventCategory"};
// Fields of Windows events that tell little.
constexpr std::array<std::string_view, 3> kWindowsKinds = {"EventID", "Channel", "Provider_Name"};

// Fields that most Windows events of one kind or another have.
constexpr std::array<std::string_view, 12> kWindowsOften = {
    "Image",   "CommandLine", "ParentImage",      "ParentCommandLine", "User",    "Company",
    "Product", "Description", "OriginalFileName", "TargetFilename",    "Details", "Hashes"};

// Whether the ordinary text contains the folded literal. Asked for every text of every rule, and
// the answer is nearly always told by three bytes in a row that the ordinary text lacks.
bool is_ordinary(std::string_view literal) {
  constexpr std::size_t kWidth = 3, kBits = 16;
  const auto bit = [](const char* window) {
    const std::uint32_t bytes = static_cast<unsigned char>(window[0]) |
                                std::uint32_t{static_cast<unsigned char>(window[1])} << 8 |
                                std::uint32_t{static_cast<unsigned char>(window[2])} << 16;
    return bytes * 0x9E3779B1u >> (32 - kBits);
  };
  static const auto kKnown = [&] {
    auto known = std::make_unique<std::bitset<std::size_t{1} << kBits>>();
    for (std::size_t at = 0; at + kWidth <= kOrdinaryText.size(); ++at) {
      known->set(bit(kOrdinaryText.data() + at));
    }
    return known;
  }();
  for (std::size_t at = 0; at + kWidth <= literal.size(); ++at) {
    if (!(*kKnown)[bit(literal.data() + at)]) return false;
  }
  return kOrdinaryText.find(literal) != std::string_view::npos;
}

constexpr double kAll = 10'000;
constexpr double kObjectCost = 1'000;

template <class List>
bool is_among(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

double reading_cost(std::string_view field) {
  return is_among(kObjects, field) ? kObjectCost : 0;
}

}  // namespace

std::string_view ordinary_text() {
  return kOrdinaryText;
}

double text_frequency(std::string_view field, std::string_view text) {
  if (field == "eventName") {
    return is_among(kBusiestCalls, text) ? 3'000 : is_among(kBusyCalls, text) ? 500 : 8;
  }
  if (field == "eventSource") return is_among(kBusySources, text) ? 3'000 : 400;
  if (field == "errorCode") return is_among(kDenials, text) ? 2'000 : 50;
  if (is_among(kFewValues, field) || field.starts_with("tocsin.")) return 2'000;
  if (is_among(kWindowsKinds, field)) return 1'000;
  if (text.size() < 2 || text == "true" || text == "false") return 2'000;
  return (is_ordinary(text) ? 200 : 10) + reading_cost(field);
}

double literal_frequency(std::string_view field, std::string_view literal) {
  constexpr std::array<double, 12> kByLength = {kAll, 6'000, 2'500, 400, 80, 40, 30, 5, 5, 5, 5, 5};
  const double guess = is_ordinary(literal)                ? 4'000.0 / double(literal.size())
                       : literal.size() < kByLength.size() ? kByLength[literal.size()]
                                                           : 2;
  // Anywhere: a record has many values.
  return field.empty() ? std::min(kAll, guess * 10) : guess + reading_cost(field);
}

double network_frequency(unsigned length) {
  return length >= 120 ? 10 : length >= 112 ? 50 : 1'000;
}

double presence_frequency(std::string_view field) {
  if (is_among(kEverywhere, field) || is_among(kWindowsKinds, field)) return kAll;
  if (is_among(kOften, field) || field.starts_with("tocsin.")) return kAll / 2;
  if (is_among(kWindowsOften, field)) return kAll / 4;
  return 450;
}

}  // namespace tocsin::program
