/** What people tell an agent about: each subject has things, people and happenings of its own. */
export interface Subject {
  readonly name: string
  readonly things: readonly string[]
  readonly actions: readonly string[]
}

const words = (text: string) => text.split(', ')

export const SUBJECTS: readonly Subject[] = [
  {
    name: 'travel',
    things: words(
      'train ticket, window seat, passport, hotel by the station, night ferry, rental car, boarding pass, visa form',
    ),
    actions: words('book, cancel, move to Friday, compare prices for, print, ask about'),
  },
  {
    name: 'cooking',
    things: words(
      'lentil soup, sourdough starter, cast-iron pan, chili oil, birthday cake, lemon tart, rice noodles',
    ),
    actions: words('prepare, halve the recipe for, freeze, season, bake, shop for'),
  },
  {
    name: 'health',
    things: words(
      'blood test, knee exercise, peanut allergy, sleep diary, dentist appointment, flu shot, reading glasses',
    ),
    actions: words('keep track of, reschedule, ask the doctor about, repeat, follow up on, avoid'),
  },
  {
    name: 'software',
    things: words(
      'deploy script, failing test, database migration, login page, memory leak, cron job, API key, pull request',
    ),
    actions: words('fix, roll back, review, document, rewrite, time, merge'),
  },
  {
    name: 'money',
    things: words(
      'rent, tax return, phone contract, savings plan, invoice, travel expenses, car insurance, budget',
    ),
    actions: words('pay, split, dispute, renew, forecast, file, put off'),
  },
  {
    name: 'family',
    things: words(
      'school play, anniversary dinner, baby monitor, photo album, grandfather clock, summer camp, family tree',
    ),
    actions: words('plan, remember, pick a gift for, film, prepare for, talk about'),
  },
  {
    name: 'music',
    things: words(
      'cello lesson, concert ticket, drum kit, playlist, choir rehearsal, record player, guitar strings',
    ),
    actions: words('practise for, tune, sell, share, listen to, record'),
  },
  {
    name: 'sport',
    things: words(
      'half marathon, climbing rope, swimming pass, chess club, bicycle chain, tennis match, yoga mat',
    ),
    actions: words('train for, replace, sign up for, skip, win, lend out'),
  },
  {
    name: 'home',
    things: words(
      'leaking tap, tomato bed, kitchen shelf, heating, spare key, moving boxes, paint for the hall, cat flap',
    ),
    actions: words('repair, measure, order, water, hide, clean, donate'),
  },
  {
    name: 'work',
    things: words(
      'quarterly report, job interview, team meeting, sales deck, client call, contract draft, holiday request',
    ),
    actions: words('finish, shorten, present, postpone, sign, prepare, hand over'),
  },
  {
    name: 'study',
    things: words(
      'Portuguese grammar, statistics exam, thesis outline, reading list, lab report, history essay, flash cards',
    ),
    actions: words('revise for, summarise, proofread, start, print, explain'),
  },
  {
    name: 'weather',
    things: words(
      'storm warning, umbrella, snow chains, heat wave, garden hose, flood map, sunscreen, fog on the bridge',
    ),
    actions: words('watch out for, pack for, worry about, write down, laugh about, photograph'),
  },
]
