(** One step of systems that scan their stages from the top down, for every number of stages.

    A system is a table of moves: at a stage, in a location, rows say what is kept and where the
    scan goes on. Values have names, and a valuation gives them at one stage: those of the stage
    itself (its weight, what advances into it, what is kept), sums over the stages above, carried
    values, and parameters, which are the same everywhere.

    Nothing is proved here. *)

From Coq Require Import QArith List Bool String Setoid.
From Homeostat Require Import Rows.
Import ListNotations.
Open Scope Q_scope.

Record stage := {
  sort : string;        (* of stages that the move is for; empty: any *)
  from : string; into : string;
  keeps : list row;
  sum : string; tokens : poly  (* what is added to the sum of what advanced *)
}.

Record system := { stages : list stage; admits : list (string * list row) }.

(** Systems side by side, whose locations are lists of the locations of each, and what is assumed
    and concluded of one step. Sorts of stages are the keys of [each]. *)
Record scan := {
  systems : list system;
  given : list row;                        (* of the parameters *)
  carry : list (string * (poly * poly));   (* the value at the top, and at the next stage *)
  each : list (string * list row);         (* assumed at each stage of a sort *)
  at_last : list row;                      (* assumed at stage 0 *)
  ends : list (list string);               (* locations at stage 0 that count *)
  then_each : list (string * list row);    (* concluded at each stage of a sort *)
  then_last : list row                     (* concluded at stage 0 *)
}.

Definition valuation := string -> Q.

(** Names with a value of their own at each stage. *)
Definition local : list string :=
  ["w"; "v"]%string ++
  flat_map (fun x => map (fun s => String.append x s) ["_T"; "_S"; "_U"; "_C"])%string
    ["m"; "n"; "k"; "a"; "b"; "j"; "f"; "e"]%string.

(** One stage's move of each system. *)
Fixpoint moves (ss : list system) (l : list string) (s : string) : list (list stage) :=
  match ss, l with
  | [], [] => [[]]
  | sys :: ss', here :: l' =>
      flat_map (fun st =>
        if (from st =? here)%string && ((sort st =? "")%string || (sort st =? s)%string)
        then map (cons st) (moves ss' l' s) else []) (stages sys)
  | _, _ => []
  end.

Definition arrives (m : list stage) : list string := map into m.
Definition rows_of (m : list stage) : list row := flat_map keeps m.

(** The sum of a system, and the first location. *)
Definition sums (T : scan) : list string :=
  flat_map (fun s => match stages s with st :: _ => [sum st] | [] => [] end) (systems T).
Definition first (T : scan) : list string :=
  map (fun s => match admits s with (l, _) :: _ => l | [] => ""%string end) (systems T).

(** What defines stage 0 in a location. *)
Fixpoint admission (ss : list system) (l : list string) : list row :=
  match ss, l with
  | s :: ss', here :: l' =>
      flat_map snd (filter (fun a => (fst a =? here)%string) (admits s)) ++ admission ss' l'
  | _, _ => []
  end.

Definition parameter (T : scan) (x : string) : Prop := ~ In x local /\ ~ In x (map fst (carry T)).

(** The scan arrives at a stage in a location, with these values. *)
Inductive reaches (T : scan) : list string -> valuation -> Prop :=
  | top v :
      all_hold v (given T) ->
      (forall e, In e (sums T) -> v e == 0) ->
      (forall x init next, In (x, (init, next)) (carry T) -> v x == eval v init) ->
      reaches T (first T) v
  | below l v s assumed m v' :
      reaches T l v ->
      In (s, assumed) (each T) -> In m (moves (systems T) l s) ->
      all_hold v assumed -> all_hold v (rows_of m) ->
      (forall x, parameter T x -> v' x == v x) ->
      (forall st, In st m -> v' (sum st) == v (sum st) + eval v (tokens st)) ->
      (forall x init next, In (x, (init, next)) (carry T) -> v' x == eval v next) ->
      reaches T (arrives m) v'.

(** The theorem: wherever the scan arrives, what is concluded of that stage holds. *)
Definition true_of_every_scan (T : scan) : Prop :=
  forall l v, reaches T l v ->
  (forall s assumed m goals,
     In (s, assumed) (each T) -> In m (moves (systems T) l s) ->
     all_hold v assumed -> all_hold v (rows_of m) ->
     In (s, goals) (then_each T) -> all_hold v goals) /\
  (In l (ends T) -> all_hold v (admission (systems T) l) -> all_hold v (at_last T) ->
   all_hold v (then_last T)).
