(** Figures that conjectures compare, along one run of Theory and Simulation from one start.

    Like Model.v this file defines and proves nothing. With both types apart a stage holds (a, b),
    the requests of the short and of the long type; a is zero from stage l_a on. *)

From Coq Require Import QArith Qabs List Bool.
From Homeostat Require Import Model.
Import ListNotations.
Open Scope Q_scope.

Definition typed := list (Q * Q).

(** What advances into stages 1 and up, and the tokens of one request there. *)
Definition typed_ahead (p : parameters) (state : typed) : typed :=
  map (fun s => let (a, b) := nth s state (0, 0) in if (S s <? l_a p)%nat then (a, b) else (0, b))
      (seq 0 (pred (l_b p))).

Definition lengths (p : parameters) : list Q :=
  map (fun s => l0 p + inject_Z (Z.of_nat s) + 1) (seq 0 (l_b p)).

Definition both (m : Q * Q) : Q := fst m + snd m.

(** The scan with both types; of the stage that is cut, each type keeps the same share. *)
Fixpoint typed_scan (room : Q) (vs : list Q) (ms : typed) : typed * option Q :=
  match vs, ms with
  | v :: vs', m :: ms' =>
      match typed_scan room vs' ms' with
      | (kept, None) => ((0, 0) :: kept, None)
      | (kept, Some rest) =>
          if Qle_bool (v * both m) rest
          then (m :: kept, Some (rest - v * both m))
          else let f := rest / (v * both m) in ((f * fst m, f * snd m) :: kept, None)
      end
  | _, _ => ([], Some room)
  end.

Definition split (p : parameters) (n : Q) : Q * Q := (n - q p * n, q p * n).

Definition typed_simulation_step (p : parameters) (state : typed) : typed :=
  let (kept, room) := typed_scan (capacity p) (tl (lengths p)) (typed_ahead p state) in
  let rest := match room with Some rest => rest | None => 0 end in
  split p (rest / hd 1 (lengths p)) :: kept.

Definition typed_theory_step (p : parameters) (state : typed) : typed :=
  let ahead := typed_ahead p state in
  split p ((capacity p - dot (tl (lengths p)) (map both ahead)) / hd 1 (lengths p)) :: ahead.

(** The four systems at one step; all start alike. *)
Record moment := {
  of_theory : list Q; of_simulation : list Q;
  of_typed_theory : typed; of_typed_simulation : typed
}.

Definition reduced (state : typed) : typed := map (fun m => (Qred (fst m), Qred (snd m))) state.

Definition next (p : parameters) (m : moment) : moment := {|
  of_theory := map Qred (theory_step (weights p) (capacity p) (of_theory m));
  of_simulation := map Qred (simulation_step (weights p) (capacity p) (of_simulation m));
  of_typed_theory := reduced (typed_theory_step p (of_typed_theory m));
  of_typed_simulation := reduced (typed_simulation_step p (of_typed_simulation m)) |}.

(** The moments t, t - 1, .., 0. *)
Fixpoint history (p : parameters) (first : moment) (t : nat) : list moment :=
  match t with
  | O => [first]
  | S t' => match history p first t' with [] => [] | m :: h => next p m :: m :: h end
  end.

(** The merged number at stage s: a + b, and b / q where the short type has left. *)
Definition merged (p : parameters) (state : typed) : list Q :=
  map (fun s => let (a, b) := nth s state (0, 0) in if (s <? l_a p)%nat then a + b else b / q p)
      (seq 0 (l_b p)).

Definition beginning (M : list Q) (T : typed) : moment :=
  {| of_theory := M; of_simulation := M; of_typed_theory := T; of_typed_simulation := T |}.

Definition typed_start (p : parameters) (M : list Q) (T : typed) : Prop :=
  length T = l_b p /\ Forall (fun m => 0 <= fst m /\ 0 <= snd m) T /\ Forall2 Qeq (merged p T) M.

(** * Figures of a history, whose head is the step in question *)

Definition larger (a b : Q) : Q := if Qle_bool a b then b else a.
Definition smaller (a b : Q) : Q := if Qle_bool a b then a else b.
Definition largest (l : list Q) : Q := match l with [] => 0 | x :: l' => fold_left larger l' x end.
Definition smallest (l : list Q) : Q := match l with [] => 0 | x :: l' => fold_left smaller l' x end.
Definition spread (l : list Q) : Q := largest l - smallest l.
Definition sum (l : list Q) : Q := fold_right (fun a b => Qred (a + b)) 0 l.

Definition minus (l m : list Q) : list Q := map (fun xy => fst xy - snd xy) (combine l m).

Inductive figure :=
  | Number (x : Q) | Prompt | Root_product
  | Max_theory | Min_theory | Spread_theory | Mean_spread_theory
  | Max_simulation | Min_simulation | Spread_simulation | Mean_spread_simulation
  | Delta_at_peak | Delta_at_trough | Evicted_at_peak | Weighted_delta | Merge_gap
  | Cycle_spread_simulation.

(** Of the stages where Simulation's state m is at its extreme, the entries of l. *)
Definition where_extreme (extreme : list Q -> Q) (m l : list Q) : list Q :=
  map snd (filter (fun ml => Qeq_bool (fst ml) (extreme m)) (combine m l)).

Definition mean_spread (states : list (list Q)) : Q :=
  match removelast states with
  | [] => 0
  | later => sum (map spread later) / inject_Z (Z.of_nat (length later))
  end.

(** The largest spread since the last time that the state was the same; 0 if it never was. *)
Fixpoint since (state : list Q) (before : list (list Q)) (most : Q) : Q :=
  match before with
  | [] => 0
  | earlier :: before' =>
      let most' := larger most (spread earlier) in
      if forallb (fun xy => Qeq_bool (fst xy) (snd xy)) (combine state earlier)
      then most' else since state before' most'
  end.

Definition measure (p : parameters) (h : list moment) (f : figure) : Q :=
  match h with
  | [] => 0
  | m :: before =>
      let t := of_theory m in let s := of_simulation m in
      match f with
      | Number x => x
      | Prompt => l0 p
      | Root_product => last (weights p) 0 / hd 0 (weights p)
      | Max_theory => largest t
      | Min_theory => smallest t
      | Spread_theory => spread t
      | Max_simulation => largest s
      | Min_simulation => smallest s
      | Spread_simulation => spread s
      | Mean_spread_theory => mean_spread (map of_theory h)
      | Mean_spread_simulation => mean_spread (map of_simulation h)
      | Delta_at_peak => largest (where_extreme largest s (minus t s))
      | Delta_at_trough => smallest (where_extreme smallest s (minus t s))
      | Evicted_at_peak =>
          match before with
          | [] => 0
          | m' :: _ => smallest (where_extreme largest s (0 :: minus (of_simulation m') (tl s)))
          end
      | Weighted_delta => dot (weights p) (minus t s)
      | Merge_gap =>
          largest (map Qabs (minus (merged p (of_typed_theory m)) t ++
                             minus (merged p (of_typed_simulation m)) s))
      | Cycle_spread_simulation => since s (map of_simulation before) 0
      end
  end.

Inductive comparison := Below | At_most | Equal | Differs | At_least | Above.

Definition compare (p : parameters) (h : list moment) (c : figure * comparison * figure) : Prop :=
  let '(f, how, g) := c in
  let x := measure p h f in let y := measure p h g in
  match how with
  | Below => x < y | At_most => x <= y | Equal => x == y
  | Differs => ~ x == y | At_least => y <= x | Above => y < x
  end.

Definition all_compare (p : parameters) (h : list moment) (cs : list (figure * comparison * figure)) :=
  Forall (compare p h) cs.
