"""The forms of questions about a whole library, as patterns over their small letters.

Classes of words first, then what is made of them. Every pattern takes a question from its first word to its
last; what the politeness and the tails below cut off comes before. English only.
"""

from __future__ import annotations

import re
from typing import Literal

ThingKind = Literal["e-mail address", "phone number", "web address", "amount of money", "date", "percentage"]

FORMATS: dict[str, tuple[str, tuple[str, ...]]] = {  # kind → (its word in a question, media types begin with)
    "PDF": (r"pdfs?", ("application/pdf",)),
    "spreadsheet": (
        r"spreadsheets?|workbooks?|excel|xlsx|csvs?|tables",
        ("application/vnd.openxmlformats-officedocument.spreadsheetml", "text/csv"),
    ),
    "Word": (r"word|docx", ("application/vnd.openxmlformats-officedocument.wordprocessingml",)),
    "presentation": (
        r"presentations?|powerpoints?|slide ?decks?|slides|pptx",
        ("application/vnd.openxmlformats-officedocument.presentationml",),
    ),
    "Markdown": (r"markdown|md", ("text/markdown",)),
    "web page": (r"web ?pages?|html", ("text/html", "multipart/related")),
    "text": (r"text|txt", ("text/plain",)),
    "mail": (r"e-?mails?|mails?", ("message/rfc822", "application/vnd.ms-outlook")),
    "notebook": (r"notebooks?|ipynb", ("application/x-ipynb",)),
    "book": (r"e-?books?|epubs?", ("application/epub",)),
}
_KIND = "|".join(f"(?:{word})" for word, _ in FORMATS.values())
_ALONE = r"pdfs|spreadsheets?|workbooks?|csvs|presentations?|powerpoints|slide ?decks?|notebooks?|web ?pages"
# What people call documents; a genre is looked for in their names: "which policies mention bribery".
GENRE = (
    r"polic(?:y|ies)|guides?|guidelines?|handbooks?|manuals?|reports?|contracts?|agreements?|invoices?|minutes|memos?|"
    r"letters?|plans?|procedures?|schemes?|forms?|surveys?|studies|proposals?|newsletters?"
)
_PLAIN = r"documents?|docs?|files?"
# "list all documents", "which PDF files": the noun, with a format before it or in its place
_CATALOGUED = rf"(?:(?P<kind>{_KIND})[ -])?(?:{_PLAIN})|(?P<alone>{_ALONE})"
KIND_OF_FILE = re.compile(rf"\b(?:(?P<kind>{_KIND})[ -](?:{_PLAIN}|sheets?|ones)|(?P<alone>{_ALONE}))\b")
_DOCUMENTS = rf"{_CATALOGUED}|(?:pages?|papers?|articles?|texts?|sources?)|(?P<genre>{GENRE})"
_LIBRARY = (
    r"(?:(?:all|any) (?:of )?)?(?:the|my|our|this|these|your) "
    r"(?:whole |entire )?(?:library|collection|(?:\w+ )?(?:documents|docs|files|pages)|knowledge base|archive)"
)
HERE = rf"(?:(?:in|of|within|from|across|among|throughout|inside) )?{_LIBRARY}"
_ANYWHERE = (
    rf"(?:(?:anywhere|somewhere)(?: {HERE}| in here)?|(?:in|within|across|throughout) {_LIBRARY}|in here|"
    rf"in (?:any|some)(?: of (?:the|my|our))? (?:{_PLAIN}))"
)
_FOLDER = r"(?:(?:are |lie |stand |is )?(?:in|under|below|from|inside) (?:the )?(?:folder|directory|subfolder) (?P<folder>.+))"
_FOLDER_LAST = r"(?:(?:are |lie |is )?(?:in|under|below|from|inside) (?:the )?(?P<folder_last>\S+) (?:folder|directory|subfolder))"
_WITH_WORD = r"(?= (?:(?:the )?(?:word|term|phrase|name|string)s? |[\"“']))"
_MENTION = (
    r"(?:(?:that|which) )?(?:explicitly |also |ever |actually )?"
    r"(?:mention(?:s|ed|ing)?|contain(?:s|ing)?|refer(?:s|ring)? to|(?:make|makes|making) (?:any )?(?:reference|mention) (?:to|of)|"
    r"referenc(?:e|es|ing)|speaks? of|bring(?:s)? up|touch(?:es)? (?:on|upon)|cit(?:e|es|ing)|"
    rf"(?:use|uses|using|include|includes|including|have|has|having|with){_WITH_WORD})"
)
_INFORMATION = r"(?:information|details?|something|anything|guidance|rules|advice|a section|sections|text|content|passages?)"
_ABOUT = (
    r"(?:(?:that|which) )?(?:(?:are|is) (?:all |mainly |mostly )?)?(?:about|on|regarding|concerning|"
    r"deal(?:s|ing)? with|cover(?:s|ing)?|address(?:es|ing)?|(?P<loose>discuss(?:es|ing)?|talk(?:s|ing)? about|write about|go into)|"
    r"describ(?:e|es|ing)|explain(?:s|ing)?|focus(?:es|ed|ing)? on|"
    r"relat(?:e|es|ed|ing) to|relevant (?:to|for)|to do with|tell (?:me|us) about|"
    rf"(?:say|says|have|has|contain|contains|containing|with|give|gives|offer|offers|provide|provides) (?:any |some )?{_INFORMATION} (?:about|on|regarding|for)|"
    r"have to do with|ha(?:s|ve) anything to do with)"
)
_TOPIC = r"(?:(?:the )?(?:word|term|phrase|name|string|topic|subject)s? )?(?P<topic>.+?)"
_ASK = (
    r"(?:list|show|name|give|enumerate|find|get|tell|what are|display|identify|pull up|look up|bring up|search for|"
    r"look for|return|see|fetch|collect|gather|present)(?: me| us)?(?: a (?:full |complete )?list of)?"
)
_ALL = (
    r"(?:(?:all|every|each|any)(?: of)?(?: (?:the|my|our|these|this))?(?: different| available)?|the|my|our)"
)
_WHICH = r"(?P<many>how many|which|what)(?: of)?(?: (?:the|my|our|these))?(?: different| other)?"
_NOT = (
    r"(?:(?:that|which) )?(?:do not|don't|don’t|does not|doesn't|doesn’t|never)(?: ever| even)? "
    r"(?:mention|contain|refer to|reference|speak of|use the word|talk about)(?P<without>)"
)
_MENTIONED = (
    r"(?:mentioned|talked about|referred to|referenced|named|cited|discussed|brought up|covered|written about|described|"
    r"used|found|occur|occurs|appear|appears|come up|comes up|show up|shows up|turn up|turns up|crop up)"
)
_ARE_THERE = r"(?:(?:are|is) there|do (?:i|we|you) have|have (?:i|we|you)(?: got)?)(?: any(?: of (?:the|my|our))?| an?| some)?"

LISTINGS = [
    re.compile(rf"{_WHICH} (?:{_DOCUMENTS}) {_MENTION} {_TOPIC}"),
    re.compile(rf"{_WHICH} (?:{_DOCUMENTS}) {_ABOUT}(?P<about>) {_TOPIC}"),
    re.compile(rf"{_ASK} (?:{_ALL} )?(?:{_DOCUMENTS}) {_MENTION} {_TOPIC}"),
    re.compile(rf"{_ASK} (?:{_ALL} )?(?:{_DOCUMENTS}) {_ABOUT}(?P<about>) {_TOPIC}"),
    re.compile(rf"{_WHICH} (?:{_DOCUMENTS}) {_NOT} {_TOPIC}"),
    re.compile(rf"(?:{_ASK} )?(?:{_ALL} )?(?:{_DOCUMENTS}) {_NOT} {_TOPIC}"),
    re.compile(rf"(?:{_ALL} )?(?:{_CATALOGUED}) (?=mentioning|containing|that |which |with ){_MENTION} {_TOPIC}"),
    re.compile(
        rf"(?:{_ALL} )?(?:{_CATALOGUED}) (?=about|on |regarding|covering|discussing|related|relating|relevant|describing|dealing|concerning|that |which |with )"
        rf"{_ABOUT}(?P<about>) {_TOPIC}"
    ),
    re.compile(rf"(?:do|does) any (?:of (?:the|my|our|these) )?(?:{_DOCUMENTS}) {_MENTION} {_TOPIC}"),
    re.compile(rf"(?:do|does) any (?:of (?:the|my|our|these) )?(?:{_DOCUMENTS}) {_ABOUT}(?P<about>) {_TOPIC}"),
    re.compile(rf"{_ARE_THERE} (?:{_CATALOGUED}) {_MENTION} {_TOPIC}"),
    re.compile(rf"{_ARE_THERE} (?:{_CATALOGUED}) {_ABOUT}(?P<about>) {_TOPIC}"),
    re.compile(rf"(?:{_ASK} )?(?:everything|anything|all|whatever) {_MENTION} {_TOPIC}"),
    # the topic first
    re.compile(rf"(?:in |across )?{_WHICH} (?:{_DOCUMENTS}) (?:do|does|is|are|can|was|were) {_TOPIC} (?:be |been )?{_MENTIONED}(?: in)?"),
    re.compile(rf"(?:is|are|was|were|does|do) {_TOPIC} {_MENTIONED} {_ANYWHERE}"),
    re.compile(rf"where(?: else)? {_ANYWHERE} (?:do|does|is|are) {_TOPIC} {_MENTIONED}"),
    re.compile(r"where(?: else)? (?:is|are) " + _TOPIC + rf" mentioned(?: {_ANYWHERE}| {HERE})?"),
    re.compile(rf"where(?: else)? (?:is|are|does|do) {_TOPIC} {_MENTIONED} {_ANYWHERE}"),
    re.compile(rf"(?:do|does|is there) anything {_ANYWHERE} (?:that )?(?:mention|mentions|mentioning|refers? to) {_TOPIC}"),
    re.compile(
        rf"(?:is there|do (?:i|we|you) have|have (?:i|we|you)(?: got)?) (?:anything|something)(?: written| at all)?(?: {_ANYWHERE})? (?:about|on|regarding)(?P<about>) {_TOPIC} {_ANYWHERE}"
    ),
    re.compile(rf"how (?:often|many times|frequently) (?:is|are|does|do) {_TOPIC} (?:be )?{_MENTIONED} {_ANYWHERE}"),
    # what each says
    re.compile(
        r"(?P<each>)what (?:do|does) (?:each|every|all)(?: one)?(?: of)?(?: the| my| our| these)? (?:documents?|files?|sources?|texts?) (?:say|tell (?:me|us)|have to say) (?:about|on|regarding)(?P<about>) "
        + _TOPIC
    ),
    re.compile(rf"(?P<each>)what do (?:the|my|our|these) (?:{_PLAIN}|library) all say (?:about|on)(?P<about>) {_TOPIC}"),
    re.compile(
        rf"(?P<each>)(?:{_ASK} )?(?:everything|all|every passage|all passages|every mention|all mentions|every place)"
        rf"(?: that)? (?:the|my|our|these) (?:documents|files|library) (?:say|says|tell|tells us|have|has)(?: to say)? (?:about|on)(?P<about>) {_TOPIC}"
    ),
    re.compile(
        rf"(?P<each>)(?:{_ASK} )?(?:all|every|any|each)(?: the)?(?: single)? (?:passages?|mentions?|places?|occurrences?|references?|statements?|spots?|sentences?) "
        rf"(?:of|about|on|to|that mention|which mention|mentioning|where) {_TOPIC}(?: (?:is|are) {_MENTIONED})?"
    ),
    re.compile(rf"(?P<each>){_ASK} everything (?:we have |there is |you have |i have )?(?:about|on)(?P<about>) {_TOPIC}"),
    # the catalogue itself
    re.compile(rf"(?:which|what) (?:{_CATALOGUED}) (?:do (?:i|we|you) have|are there) (?:{_FOLDER}|{_FOLDER_LAST})"),
    re.compile(
        rf"(?P<many>how many)(?: different)? (?:{_CATALOGUED})(?: (?:are there|do (?:i|we|you) have|have (?:i|we|you) (?:got|added|uploaded)|have been (?:added|uploaded)|"
        rf"can (?:i|you|we) (?:search|see|ask)|(?:are|is) (?:there )?(?:in here|here|stored|loaded|{HERE})|does (?:the|my|our|this) (?:library|collection) (?:contain|hold|have)))?"
        rf"(?: {HERE}| in here| here|{_FOLDER}| {_FOLDER_LAST})?(?: in (?:all|total))?"
    ),
    re.compile(rf"(?P<many>what is the (?:total )?number of|the number of|number of|count(?: all| the| of)?) (?:{_CATALOGUED})(?: {HERE})?"),
    re.compile(rf"{_ASK} {_ALL} (?:names of (?:all )?(?:the )?)?(?:{_CATALOGUED})(?: {HERE}| {_FOLDER}| {_FOLDER_LAST}|(?: that)? (?:i|we|you) have| there are| in here)?"),
    re.compile(rf"list (?:{_CATALOGUED})(?: {HERE}| {_FOLDER})?"),
    re.compile(
        rf"(?:which|what)(?: kinds? of)? (?:{_CATALOGUED}) (?:are there|do (?:i|we|you) have|have (?:i|we|you) (?:got|added|uploaded)|have been (?:added|uploaded)|does (?:the|my|our|this) (?:library|collection) (?:contain|hold|have)|"
        rf"are (?:here|in here|available|stored|in|inside)(?: (?:the|my|our|this) (?:library|collection))?|{_FOLDER}|{_FOLDER_LAST})"
        rf"(?: {HERE}| in here)?"
    ),
    re.compile(r"what is in (?:the|my|our|this) (?:library|collection|folder (?P<folder>.+))"),
]  # fmt: skip

_THINGS: dict[ThingKind, tuple[str, str]] = {  # its word in the plural, and in the singular
    "e-mail address": (
        r"(?:contact )?(?:e-?mail addresses|e-?mails|mail addresses)", r"e-?mail address|mail address|e-?mail",
    ),
    "phone number": (
        r"(?:contact )?(?:tele)?phone numbers|(?:tele)?phones|telephones|contact numbers", r"(?:tele)?phone number",
    ),
    "web address": (
        r"web ?(?:site )?addresses|web ?sites|urls|(?:hyper|web ?)?links|web links",
        r"web ?(?:site )?address|url|link|website",
    ),
    "amount of money": (
        r"amounts of money|money amounts|monetary amounts|sums of money|currency amounts|prices|sums|money values|(?:pound|euro|dollar)s? (?:figures|amounts|sums)",
        r"amount of money|sum of money|price|(?:pound|euro|dollar) (?:figure|amount|sum)",
    ),
    "date": (r"(?:calendar )?dates", r"date"),
    "percentage": (r"percentages|per ?cent(?:age)? (?:values|figures)", r"percentage"),
}  # fmt: skip
THINGS = {kind: re.compile(rf"\b(?:{many}|{one})\b") for kind, (many, one) in _THINGS.items()}
ONE_THING = re.compile(  # a single one is asked for: "what percentage", "the phone number of"
    rf"\b(?:what|which|the|an?|whose)(?: is| was)?(?: the| an?)? (?:{'|'.join(one for _, one in _THINGS.values())})(?![\w-]| addresses| numbers)"
)
_STAND = (
    r"(?: (?:(?:that|which) )?(?:are|do|does|can|is)? ?(?:there|occur|occurs|appear|appears|be found|given|listed|mentioned|found|stand|"
    r"used|named|stated|quoted|contained|present|come up|turn up))*"
)
THING_LISTS: list[tuple[ThingKind, re.Pattern[str]]] = [
    (
        kind,
        re.compile(
            rf"(?P<many>how many|which|what|{_ASK}|extract|pull out|list out|{_ARE_THERE}|(?=all|every))(?: ?(?:all|any))?(?: of)?(?: ?(?:the|my|our))?"
            rf"(?: (?:different|distinct|unique|various))? ?(?:(?:{many})|(?:every|each|any)(?: single)? (?:{one}))"
            rf"{_STAND}"
            rf"(?: (?:{HERE}|(?:in|of|from|within|on) (?P<within>.+)|(?:does|do) (?P<holder>.+) (?:contain|hold|have|list|give|mention|name|state|quote|include)))?"
        ),
    )
    for kind, (many, one) in _THINGS.items()
]  # fmt: skip

_VERSUS = r"(?:against|versus|vs\.?)"
_ASPECT = (
    r"(?:,? (?:on|regarding|concerning|in terms of|with (?:respect|regard) to|when it comes to|as to|by|as regards|"
    r"in relation to|as far as) (?P<aspect>.+?)(?: (?:go|goes|is concerned|are concerned))?)?"
)
COMPARISONS = [
    re.compile(
        rf"(?:compare and contrast|compare|contrast|juxtapose|put|set|hold) (?P<left>.+?) (?:and|&|with|to|next to|beside|side by side with|{_VERSUS}) (?P<right>.+?){_ASPECT}"
    ),
    re.compile(rf"what (?:distinguishes|sets|separates) (?P<left>.+?)(?: apart)? from (?P<right>.+?){_ASPECT}"),
    re.compile(
        rf"(?:(?:give|show|make|do|draw|write)(?: me| up)? )?(?:a |the )?(?:side[- ]by[- ]side |short |brief |quick )?comparison (?:of|between) (?P<left>.+?) (?:and|with|to|{_VERSUS}) (?P<right>.+?){_ASPECT}"
    ),
    re.compile(
        r"(?:(?:what(?:'s|’s|s| is| are)|explain|list|show|describe|tell|give|summari[sz]e|outline|point out|name|find|(?:is|are) there)(?: me)? )?(?:all |any |an? )?(?:the )?(?:main |key |biggest |most important |major )?"
        rf"(?:similarit(?:y|ies) and )?(?:differences?|similarit(?:y|ies)|distinctions?|contrasts?)(?: and (?:similarities|differences))? (?:between|of|in) (?P<left>.+?) (?:and|to|{_VERSUS}) (?P<right>.+?){_ASPECT}"
    ),
    re.compile(
        rf"(?:how|in (?:what|which) ways?|where) (?:do|does|is|are) (?P<left>.+?) (?:differ(?:s|ent)?|differing|deviate) from (?P<right>.+?){_ASPECT}"
    ),
    re.compile(rf"(?:how|in (?:what|which) ways?|where) do (?P<left>.+?) and (?P<right>.+?) (?:differ|compare|disagree|diverge){_ASPECT}"),
    re.compile(rf"how (?:do|does|is|are) (?P<left>.+?) (?:compare|compared|stack up|measure up) (?:with|to|against) (?P<right>.+?){_ASPECT}"),
    re.compile(rf"how (?!(?:did|do|does|is|are|was|were|can|could|would|should)\b)(?P<left>.+?) (?:compares?|differs?) (?:with|to|from) (?P<right>.+?){_ASPECT}"),
    re.compile(rf"what do (?P<left>.+?) and (?P<right>.+?) have in common{_ASPECT}"),
    re.compile(rf"how (?:similar|different|alike) are (?P<left>.+?) and (?P<right>.+?){_ASPECT}"),
    re.compile(rf"what is different (?:about|in|between|with) (?P<left>.+?) (?:and|compared (?:to|with)|from|{_VERSUS}) (?P<right>.+?){_ASPECT}"),
    re.compile(rf"(?!how|what|who|when|where|why)(?P<left>[^,?]{{2,60}}?),? (?:compared|in comparison|as opposed) (?:with|to) (?P<right>[^,?]{{2,60}}?){_ASPECT}"),
    re.compile(
        rf"(?!(?:who|what|when|where|which|why|how|did|does|do|is|are|was|were)\b)"
        rf"(?P<left>[^,?]{{2,60}}?) (?:vs\.?|versus) (?P<right>[^,?]{{2,60}}?){_ASPECT}"
    ),
]  # fmt: skip
JOINTS = re.compile(r" (?:and|&|with|to|from|against|versus|vs\.?|next to|beside) ", re.IGNORECASE)
COMPARED = re.compile(r"(?:the )?(?P<aspect>.+?) (?:in|of|for|at|between) (?P<left>.+)")

_OBJECT = r"(?:document|file|text|paper|report|policy|guide|handbook|page|manual|contract|article)"
_WHAT = (
    r"(?:(?:the |my |our |this )?(?:document|file|text|paper|report)s? (?:called |named )?)?(?P<target>.+)"
)
_SHORT = r"(?:(?:very |really )?(?:short|brief|quick|concise|one-paragraph|executive|rough|general|high-level|compact|simple|bullet-point) )?"
_COUNT = r"(?:a few|a couple of|a|an|one|two|three|four|five|six|seven|eight|nine|ten|\d+|simple|plain|clear|short|bullet)"
_LENGTH = (
    rf"(?:in|with|using|within|as) {_COUNT}(?: (?:short|simple|plain|main|key|quick))? "
    r"(?:sentences?|words|lines|bullet points?|bullets|points|paragraphs?|terms|english|language|list)"
)
_NUTSHELL = r"(?:in (?:brief|short|essence|general|a nutshell|a few words|outline|summary)|briefly|roughly|basically|essentially)"
SUMMARIES = [
    re.compile(rf"(?:briefly )?(?:summari[sz]e|sum up|recap|condense|outline|abridge|boil down|digest|brief me on|walk me through|run me through) {_WHAT}"),
    re.compile(
        r"(?:(?:what is|give|write|make|show|create|provide|prepare|get|have|see|send|draft|tell|i(?:'d| would) like|i need|i want)(?: me| us)? )?(?:a |an |the )?"
        rf"{_SHORT}(?:summary|synopsis|recap|gist|abstract|outline|digest|precis|short version|essence|run-?down|tl;?dr) (?:of|for|on|about) "
        + _WHAT
    ),
    re.compile(rf"(?:(?:give|write|show|get|have)(?: me| us)? )?(?:an? |the )?{_SHORT}overview (?:of|over|on|about) {_WHAT}"),
    re.compile(rf"tl;?dr:? {_WHAT}"),
    re.compile(r"what(?:'s|’s|s| is) (?:the )?(?:document |file )(?:called |named )?(?P<target>.+) (?:all )?about"),
    re.compile(
        r"what(?:'s|’s|s| is) (?P<target>\S+\.(?:pdf|md|docx|pptx|xlsx|csv|html?|txt|epub|eml|msg)) (?:all )?about"
    ),
    re.compile(r"what (?:is|are) (?P<target>the .+) (?:all )?about"),
    re.compile(r"what (?:is|are) in (?P<target>\S+\.(?:pdf|md|docx|pptx|html?|txt|epub|eml|msg))"),
    re.compile(
        rf"what (?:does|do) (?:the )?(?P<target>(?!.* of ).+? {_OBJECT}|\S+\.(?:pdf|md|docx|pptx|html?|txt|epub|eml|msg)) (?:say|cover|contain|tell us|tell me|state|deal with|discuss|regulate|describe)(?: {_NUTSHELL})?"
    ),
    re.compile(rf"(?:{_NUTSHELL},? )?what (?:does|do) (?P<target>.+) (?:say|cover|contain|tell us|state|deal with|regulate),? {_NUTSHELL}"),
    re.compile(rf"{_NUTSHELL},? what (?:does|do) (?P<target>.+) (?:say|cover|contain|tell us|state|deal with|regulate)"),
    re.compile(rf"what is covered (?:in|by) (?:the )?(?P<target>.+ {_OBJECT}|\S+\.\w{{2,4}})"),
    re.compile(
        r"(?:(?:what(?:'s| is| are)|list|give|tell|show|name)(?: me| us)? )?(?:the )?(?:main |key |most important |central |core |essential )?"
        r"(?:points|takeaways|take-aways|highlights|ideas|messages|facts|essentials|contents|bottom line) (?:of|in|from) "
        + _WHAT
    ),
    re.compile(rf"(?:briefly (?:explain|describe|present)|(?:explain|describe|present)(?: to me)? briefly) {_WHAT}"),
    re.compile(rf"tell me (?:what is in|about) (?:the )?(?P<target>.+ {_OBJECT}|\S+\.\w{{2,4}})"),
    re.compile(
        rf"(?!(?:what|who|how|when|where|why|which|list|name|give|show|is|are|do|does|can)\b)(?P<target>.+?),? (?:in (?:brief|short|essence|a nutshell|a few words)|{_LENGTH})"
    ),
]  # fmt: skip
WHOLE = re.compile(
    r"(?:(?:each|every|all)(?: one)?(?: of)?(?: (?:the|my|our|these))? (?:documents?|files?)|(?:the|my|our|this) (?:whole |entire )?(?:library|collection)|"
    r"all (?:of )?(?:it|them)|everything(?: (?:in here|here|i have|we have))?)"
)

POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|ok(?:ay)?|so|now|well|and|right|thanks)[,!]? )?(?:please,? |kindly |tell me,? (?=which|what|how|where|in )|(?:can|could|would|will) you (?:please |kindly |quickly )?|"
    r"(?:can|could|may|might) (?:i|we) (?:please )?(?=get|have|see)|"
    r"i (?:want|would like|need|wish|'d like|'d love) (?:you to |to (?:know|see|find out|get) )?|i(?:'d|’d) (?:like|love) (?:you to |to (?:know|see|find out|get) )?|"
    r"i am (?:looking for|searching for|trying to find) |i(?:'m|’m) (?:looking for|searching for|trying to find) |"
    r"i (?:wonder|was wondering) |help me (?:to )?|let me (?:know|see) |do you know )*",
    re.IGNORECASE,
)
CONTRACTED = re.compile(r"\b(what|who|where|which|how|there)['’]?s\b(?= )", re.IGNORECASE)
_COURTESY = r"please|thanks|thank you|for me|if any|at all"
COURTESY = re.compile(rf"(?:,? (?:{_COURTESY}))+$", re.IGNORECASE)
TAIL = re.compile(
    r"(?:,? (?:and )?how many(?: (?:of them )?are there| is that)?|,? (?:and )?(?:in )?which(?: ones)?(?: are they)?|"
    rf",? (?:{_COURTESY}|briefly|shortly|quickly|in (?:brief|short)|{_LENGTH}|"
    r"as (?:a )?(?:bullet )?(?:list|points|bullets)|in (?:bullet points|bullets|one go|keywords)))+$",
    re.IGNORECASE,
)
LEANING = re.compile(
    r"(?:it|its|they|them|that|this|those|these|he|she|him|her|the (?:same|latter|former|other|(?:first|second|last) one)|both|one|each|all|"
    r"(?:this|that|these|those) (?:document|file|policy|guide|report|page|one|ones|documents|files))",
    re.IGNORECASE,
)
